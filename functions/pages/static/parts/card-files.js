/** The card of a version as a file, to be kept, sent on, or read by other tools. */
import { send } from "../api.js";
import { download } from "../csv.js";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { ErrorNotice } from "./notice.js";

const FORMS = [
  { form: "markdown", name: "Markdown", ending: "md", type: "text/markdown" },
  { form: "html", name: "HTML", ending: "html", type: "text/html" },
];

/** @param {{model: string, version: string, path: string}} given */
export function CardFiles({ model, version, path }) {
  const [save, { busy, error }] = useAction(async (/** @type {typeof FORMS[number]} */ { form, ending, type }) => {
    const answer = await send(`${path}/card?format=${form}`);
    download([await answer.text()], `${model}.${version}.card.${ending}`, type);
  });
  return html`${FORMS.map((one) => html`<button type="button" disabled=${busy} onClick=${() => save(one)}>Save the card (${one.name})</button>`)}
    <${ErrorNotice} error=${error} />`;
}
