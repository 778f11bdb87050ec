/** Each column of a table, with what it was taken for: to be changed before a model is trained. */
import { useState } from "preact/hooks";
import { html } from "../html.js";
import { KINDS, noteText } from "../schema-draft.js";
import { numberText, percentText, sentenceText } from "../words.js";

/** @typedef {import("../schema-draft.js").Column} Column */
/** @typedef {import("../schema-draft.js").Draft} Draft */

// Of a wide table: more at once would keep the browser busy.
const SHOWN = 50;

/** @param {{draft: Draft, notes: string[], setDraft: (draft: Draft) => void}} given */
export function SchemaForm({ draft, notes, setDraft }) {
  const [shown, setShown] = useState(SHOWN);
  const change = (/** @type {string} */ name, /** @type {Partial<Column>} */ changes) =>
    setDraft({ ...draft, columns: draft.columns.map((one) => (one.name === name ? { ...one, ...changes } : one)) });
  const used = draft.columns.filter((one) => one.kind !== "ignore").length;
  const general = notes.filter((note) => !draft.columns.some((one) => note.startsWith(`the column ${one.name} `)));
  return html`<section class="card">
    <h2>3. What it may be predicted from</h2>
    <p class="hint">${numberText(used)} of ${numberText(draft.columns.length)} columns are used. Leave out what is known only after the outcome is, and what says who a person is. What is required has to be given with every question.</p>
    ${general.length > 0 && html`<ul>${general.map((note) => html`<li>${sentenceText(noteText(note))}</li>`)}</ul>`}
    <div class="schema">
      ${draft.columns.slice(0, shown).map((column, index) => html`<${ColumnFields} key=${column.name} column=${column} id=${`column-${index}`} change=${(/** @type {Partial<Column>} */ changes) => change(column.name, changes)} />`)}
    </div>
    ${draft.columns.length > shown && html`<p class="actions"><button type="button" onClick=${() => setShown(shown + SHOWN)}>Show ${Math.min(SHOWN, draft.columns.length - shown)} more columns</button></p>`}
  </section>`;
}

/** @param {{column: Column, id: string, change: (changes: Partial<Column>) => void}} given */
function ColumnFields({ column, id, change }) {
  const { name, kind, found } = column;
  const used = kind !== "ignore";
  return html`<div class=${used ? "column" : "column unused"} role="group" aria-labelledby=${id}>
    <div><b id=${id}>${name}</b><p class="hint">${seen(column)}${column.note && `. It ${column.note}`}.</p></div>
    <select aria-label=${`${name} is`} onChange=${(/** @type {any} */ event) => change({ kind: event.currentTarget.value })}>
      ${KINDS.map(([value, words]) => html`<option value=${value} selected=${value === kind}>${words}</option>`)}
    </select>
    ${used &&
    html`<input maxlength="500" autocomplete="off" placeholder="description, shown in the form" aria-label=${`Description of ${name}`} value=${column.description} onInput=${(/** @type {any} */ event) => change({ description: event.currentTarget.value })} />
      <label><input type="checkbox" aria-label=${`${name} required`} checked=${column.required} onChange=${() => change({ required: !column.required })} /> required</label>`}
    ${kind === "string" && html`<${Categories} column=${column} change=${change} />`}
    ${used && column.required && found.missing > 0 && html`<p class="hint">${numberText(found.missing)} rows do not have it, and will be left out.</p>`}
  </div>`;
}

/** @param {{column: Column, change: (changes: Partial<Column>) => void}} given */
function Categories({ column, change }) {
  const count = column.categories.split("\n").filter((line) => line.trim()).length;
  return html`<details>
    <summary>${numberText(count)} categories</summary>
    <textarea rows=${Math.min(10, count + 1)} aria-label=${`Categories of ${column.name}, one a line`} value=${column.categories} onInput=${(/** @type {any} */ event) => change({ categories: event.currentTarget.value })}></textarea>
    <p class="hint">One a line. Rows with another word are left out.</p>
  </details>`;
}

/** What was seen of a column, in a sentence. @param {Column} column */
function seen({ found }) {
  const examples = found.values.slice(0, 4).join(", ");
  const many = found.distinct === null ? "Very many values" : `${numberText(found.distinct)} ${found.distinct === 1 ? "value" : "values"}`;
  const missing = found.missing > 0 ? `, missing in ${percentText(found.missing / Math.max(1, found.rows))} of rows` : "";
  return `${many}, such as ${examples || "none"}${missing}`;
}
