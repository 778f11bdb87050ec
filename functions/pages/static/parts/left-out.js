/** What of a table could not be used: columns, and rows with the reason of each. */
import { html } from "../html.js";
import { numberText, sentenceText } from "../words.js";
import { Rows } from "./rows.js";

/**
 * @typedef {import("../api.js").Answered<"LeftOutRow">} Row
 * @typedef {import("../api.js").Answered<"Columns">} Columns
 * @typedef {import("../api.js").Answered<"Reading">} Reading
 */

// More are folded away: a file with decimal commas has one for each column.
const FEW_NOTES = 3;

/** @param {string[]} notes */
const listOf = (notes) => html`<ul>${notes.map((note) => html`<li>${sentenceText(note)}</li>`)}</ul>`;

/** @param {{reading: Reading | null, rejected?: number, columns?: Columns}} given */
export function LeftOut({ reading, rejected = reading?.rejected_rows ?? 0, columns = reading?.columns }) {
  const rows = reading?.rows ?? [];
  // Which columns are missing is said above them.
  const notes = (reading?.notes ?? []).filter((note) => !note.startsWith("these columns are missing"));
  return html`${columns?.passed_over.length ? html`<p>Columns that are not used: <b>${columns.passed_over.join(", ")}</b></p>` : null}
    ${columns?.missing.length ? html`<p>Columns that the file does not have: <b>${columns.missing.join(", ")}</b></p>` : null}
    ${notes.length > FEW_NOTES ? html`<details><summary>${numberText(notes.length)} notes on how it was read</summary>${listOf(notes)}</details>` : notes.length > 0 && listOf(notes)}
    ${rejected === 0
      ? html`<p>Every row could be read.</p>`
      : html`<p>${numberText(rejected)} ${rejected === 1 ? "row was" : "rows were"} left out${rows.length < rejected && rows.length > 0 ? `; these are the first ${rows.length}` : ""}.</p>`}
    ${rows.length > 0 &&
    html`<${Rows}
      caption="Rows that were left out"
      rows=${rows}
      columns=${[
        { name: "Line in the file", figure: true, cell: (/** @type {Row} */ row) => row.line },
        { name: "Column", cell: (/** @type {Row} */ row) => row.column ?? "the whole row" },
        { name: "Why", prose: true, cell: (/** @type {Row} */ row) => row.reason },
      ]}
    />`}`;
}
