/** The page of the API itself: all that it can do, from its own document, to be searched and tried. */
import { useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { operationsOf } from "../openapi.js";
import { Empty, WhenLoaded } from "../parts/notice.js";
import { Described, OperationItem } from "../parts/operation.js";
import { may } from "../session.js";

/** @typedef {import("../openapi.js").Document} Document */

/** @param {{model: string | null}} given */
export function Docs({ model }) {
  const loaded = useLoaded((signal) => readDocuments(model, signal), [model]);
  return html`<h1>API docs</h1>
    <${WhenLoaded} loaded=${loaded} what="the document of the API">
      ${(/** @type {{whole: Document, own: Document | null}} */ { whole, own }) => html`<${Operations} whole=${whole} own=${own} model=${model || ""} />`}
    <//>`;
}

/**
 * The document of the API, and that of the model, which knows what a row of it is.
 * @param {string | null} model
 * @param {AbortSignal} signal
 */
async function readDocuments(model, signal) {
  const whole = ask("openapi.json", { signal });
  const own = model && may("predict") ? ask(`${pathOf(model)}/openapi.json`, { signal }).catch(() => null) : null;
  return { whole: await whole, own: await own };
}

/** @param {{whole: Document, own: Document | null, model: string}} given */
function Operations({ whole, own, model }) {
  const [search, setSearch] = useState("");
  const found = whole.tags.map((tag) => ({ ...tag, operations: operationsOf(whole, tag.name, search) })).filter((tag) => tag.operations.length);
  const count = found.reduce((sum, tag) => sum + tag.operations.length, 0);
  return html`<section class="card">
      <${Described} text=${whole.info.description} />
      <p class="hint">Version ${whole.info.version}. The document itself, for programs and for generators of clients: <a href="openapi.json">openapi.json</a></p>
      <div class="field">
        <label for="search">Search</label>
        <input id="search" type="search" autocomplete="off" placeholder="for example predict" value=${search} onInput=${(/** @type {any} */ event) => setSearch(event.currentTarget.value)} />
      </div>
      <p class="hint" role="status">${count === 1 ? "1 operation" : `${count} operations`}</p>
    </section>
    ${found.length === 0 && html`<${Empty}>Nothing here is about “${search}”. Try fewer letters.<//>`}
    ${found.map(
      (tag) => html`<section class="card" key=${tag.name}>
        <h2 class="subject">${tag.name}</h2>
        <p class="hint">${tag.description}</p>
        ${tag.operations.map((operation) => html`<${OperationItem} key=${operation.described.operationId} operation=${operation} whole=${whole} own=${own} model=${model} />`)}
      </section>`,
    )}`;
}
