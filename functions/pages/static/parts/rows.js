/** A table of any number of rows: only those in sight are in the page. */
import { useState } from "preact/hooks";
import { html } from "../html.js";

const ROW_HEIGHT = 36;
const VIEW_HEIGHT = 432;
const AROUND = 10;

/**
 * @template T
 * @typedef {{name: string, cell: (row: T) => any, figure?: boolean, prose?: boolean}} Column
 * prose: sentences, which go on in the next line where all rows are in the page.
 */

/**
 * @template T
 * @param {{caption: string, columns: Column<T>[], rows: T[], keyOf?: (row: T, index: number) => string | number}} given
 */
export function Rows({ caption, columns, rows, keyOf = (_row, index) => index }) {
  const [top, setTop] = useState(0);
  const all = rows.length * ROW_HEIGHT <= VIEW_HEIGHT;
  const first = all ? 0 : Math.max(0, Math.floor(top / ROW_HEIGHT) - AROUND);
  const last = all ? rows.length : Math.min(rows.length, first + Math.ceil(VIEW_HEIGHT / ROW_HEIGHT) + 2 * AROUND);
  const scrolled = (/** @type {any} */ event) => setTop(event.currentTarget.scrollTop);
  return html`<div class="rows" style=${all ? {} : { height: `${VIEW_HEIGHT}px` }} tabindex="0" role="region" aria-label=${caption} onScroll=${scrolled}>
    <table aria-rowcount=${rows.length + 1}>
      <caption class="for-readers">${caption}</caption>
      <thead>
        <tr>${columns.map((column) => html`<th scope="col" class=${column.figure ? "figure" : ""}>${column.name}</th>`)}</tr>
      </thead>
      <tbody>
        ${first > 0 && html`<tr aria-hidden="true"><td colspan=${columns.length} style=${{ height: `${first * ROW_HEIGHT}px`, padding: 0 }}></td></tr>`}
        ${rows.slice(first, last).map(
          (row, index) => html`<tr key=${keyOf(row, first + index)} aria-rowindex=${first + index + 2}>
            ${columns.map((column) => html`<td class=${column.figure ? "figure" : column.prose && all ? "prose" : ""}>${column.cell(row)}</td>`)}
          </tr>`,
        )}
        ${last < rows.length && html`<tr aria-hidden="true"><td colspan=${columns.length} style=${{ height: `${(rows.length - last) * ROW_HEIGHT}px`, padding: 0 }}></td></tr>`}
      </tbody>
    </table>
  </div>`;
}
