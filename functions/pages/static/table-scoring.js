/** A table, scored part by part through the API, and the result with the person's own columns. */
import { ask, pathOf } from "./api.js";
import { cellsOf, lineOf, linesOf } from "./csv.js";
import { readText } from "./text-file.js";

// A part is as many rows as one request scores, or as many characters as surely fit into it.
const PART_ROWS = 5_000;
const PART_CHARACTERS = 2_000_000;

/**
 * @typedef {import("./api.js").Schemas["RowAnswer"] & Record<string, unknown>} Answer with the answer under the target's name
 * @typedef {{line: number, cells: string[], answer: Answer | null, fault: string, given: string}} Row given: what stands in the file where the fault is
 * @typedef {import("./api.js").Schemas["BatchPrediction"]} Part
 * @typedef {import("./csv.js").Lines & {file: string, name: string, fromSpreadsheet: boolean}} Table name: that of the file without its ending
 * @typedef {{table: Table, reference: string, rows: Row[], bad: number, columns: Part["columns"]}} Result
 */

/**
 * A file as a table: its header, and its records as they stand. Throws when it has no rows.
 * @param {string} model
 * @param {File} file
 * @returns {Promise<Table>}
 */
export async function readTable(model, file) {
  const { text, fromSpreadsheet } = await readText(file, `${pathOf(model)}/predict/batch`);
  return { ...linesOf(text), file: file.name, name: file.name.replace(/(\.\w+)?(\.gz)?$/i, ""), fromSpreadsheet };
}

/**
 * @param {string} model
 * @param {Table} table
 * @param {string} reference the column that says whom a row is about; empty: the one that the API takes for it
 * @param {AbortSignal} signal
 * @param {(done: number, all: number) => void} onProgress
 * @returns {Promise<Result>}
 */
export async function scoreTable(model, table, reference, signal, onProgress) {
  const { records, declared, first, header, separator } = table;
  /** @type {Row[]} */
  const rows = records.map((record, index) => ({ line: index + 1, cells: cellsOf(record, separator), answer: null, fault: "", given: "" }));
  const query = new URLSearchParams({ partial: "true", ...(reference && { reference }) });
  let columns = null;
  let done = 0;
  onProgress(0, rows.length);
  while (done < rows.length) {
    const part = partFrom(records, done);
    const body = [...[declared, first].filter(Boolean).map((line) => line.replace(/[\r\n]*$/, "\r\n")), ...part].join("");
    const path = `${pathOf(model)}/predict/batch?${query}`;
    /** @type {Part} */
    const answer = await ask(path, { method: "POST", body, headers: { "content-type": "text/csv" }, signal });
    for (const scored of answer.predictions) rows[done + scored.row - 1].answer = scored;
    for (const fault of answer.errors) {
      const row = rows[done + fault.row - 1];
      row.given = [row.given, givenAt(header, row.cells, fault.field)].filter(Boolean).join("; ");
      row.fault = [row.fault, [fault.field, fault.msg].filter(Boolean).join(" ")].filter(Boolean).join("; ");
    }
    columns ??= answer.columns;
    done += part.length;
    onProgress(done, rows.length);
  }
  const bad = rows.filter((row) => !row.answer).length;
  return { table, reference, rows, bad, columns };
}

/**
 * What stands in the file for a field; "" where no column has its name, as where the file calls it otherwise.
 * @param {string[]} header
 * @param {string[]} cells
 * @param {string | null | undefined} field
 */
function givenAt(header, cells, field) {
  const fold = (/** @type {string} */ name) => name.replace(/[\s._-]/g, "").toLowerCase();
  const column = field ? header.findIndex((name) => fold(name) === fold(field)) : -1;
  return column < 0 ? "" : (cells[column] ?? "");
}

/**
 * @param {string[]} records
 * @param {number} start
 */
function partFrom(records, start) {
  let [end, size] = [start, 0];
  while (end < records.length && end - start < PART_ROWS && (end === start || size + records[end].length <= PART_CHARACTERS)) {
    size += records[end].length;
    end += 1;
  }
  return records.slice(start, end);
}

/**
 * The person's own columns and the answers, as what the file came from opens it: with its separator, its decimal mark, and
 * the mark by which a spreadsheet knows UTF-8.
 * @param {Result} result
 * @param {import("./views/predict.js").Target} target
 */
export function resultLines({ table, rows }, target) {
  const { header, fromSpreadsheet } = table;
  const separator = table.separator === ";" ? ";" : ",";
  const hasCommas = separator === ";" && rows.some(({ cells }) => cells.some((cell) => /^[+-]?\d+,\d+$/.test(cell.trim())));
  const figure = (/** @type {number | undefined} */ value) => (hasCommas && value !== undefined ? String(value).replace(".", ",") : value);
  const own = new Set(header);
  const fresh = (/** @type {string} */ name) => (own.has(name) ? `predicted_${name}` : name);
  const lines = [(fromSpreadsheet ? "\uFEFF" : "") + lineOf([...header, ...[target.name, "probability", "prediction_id", "error"].map(fresh)], separator)];
  for (const { cells, answer, fault } of rows) {
    const padded = header.map((_, index) => cells[index] ?? "");
    lines.push(lineOf([...padded, answer?.[target.name], figure(answer?.probability), answer?.prediction_id, fault], separator));
  }
  return lines;
}
