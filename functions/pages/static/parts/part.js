/** A part of the pages that is fetched when it is first shown. */
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { fetchPart, partOf } from "../modules.js";
import { WhenLoaded } from "./notice.js";

/**
 * @param {{of: string, name: string, given?: Record<string, unknown>, whole?: boolean}} given of: its name among the modules.
 * name: its heading until it is there. given: what it takes. whole: it is all of the page.
 */
export function Part({ of, name, given = {}, whole = false }) {
  const loaded = useLoaded(async () => void (partOf(of) || (await fetchPart(of))), [of]);
  const View = partOf(of);
  if (View) return html`<${View} ...${given} />`;
  const waiting = html`<h1>${name}</h1><${WhenLoaded} loaded=${loaded} what="the page">${() => null}<//>`;
  return whole ? html`<main class="narrow" id="main">${waiting}</main>` : waiting;
}
