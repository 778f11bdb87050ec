/** Scores a table: part by part through the API, with the person's own columns kept in the result. */
import { useRef, useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { cellsOf, download, lineOf, recordsOf, separatorOf } from "../csv.js";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { FileDrop } from "../parts/file-drop.js";
import { ErrorNotice, GoodNotice } from "../parts/notice.js";
import { Rows } from "../parts/rows.js";
import { numberText, percentText, valueText } from "../words.js";

// A part is as many rows as one request scores, or as many characters as surely fit into it.
const PART_ROWS = 5_000;
const PART_CHARACTERS = 2_000_000;
const MAX_BYTES = 500_000_000;

/**
 * @typedef {import("../api.js").Schemas["RowAnswer"] & Record<string, unknown>} Answer with the answer under the target's name
 * @typedef {{line: number, cells: string[], answer: Answer | null, fault: string}} Row
 * @typedef {Row & {answer: Answer}} Scored
 * @typedef {import("../api.js").Schemas["BatchPrediction"]} Part
 * @typedef {{name: string, header: string[], rows: Row[], bad: number, columns: Part["columns"]}} Result
 */

/** @param {{model: string, target: import("./predict.js").Target}} given */
export function Batch({ model, target }) {
  const [progress, setProgress] = useState({ done: 0, all: 0 });
  const [result, setResult] = useState(/** @type {Result | null} */ (null));
  const abort = useRef(new AbortController());
  const [score, scoring] = useAction(async (/** @type {File} */ file) => {
    setResult(null);
    abort.current = new AbortController();
    setResult(await scoreTable(model, file, abort.current.signal, (done, all) => setProgress({ done, all })));
  });
  return html`<section class="card">
    <h2>Predict a table</h2>
    <${FileDrop}
      id="table-file"
      label="Drop a CSV file here, or choose one"
      hint="Any number of rows. Columns that the model does not know are kept in the result."
      accept=".csv,.tsv,.txt,text/csv"
      disabled=${scoring.busy}
      onFile=${(/** @type {File} */ file) => void score(file)}
    />
    ${scoring.busy &&
    html`<p class="busy" role="status">
      <progress max=${progress.all || 1} value=${progress.done} aria-label="Rows scored"></progress>
      ${numberText(progress.done)} of ${numberText(progress.all)} rows
      <button type="button" onClick=${() => abort.current.abort()}>Stop</button>
    </p>`}
    <${ErrorNotice} error=${scoring.error} />
    ${result && html`<${TableResult} result=${result} target=${target} />`}
  </section>`;
}

/**
 * @param {number} good
 * @param {number} bad
 */
function scoredText(good, bad) {
  const scored = `${numberText(good)} ${good === 1 ? "row was" : "rows were"} scored`;
  return bad > 0 ? `${scored}, ${numberText(bad)} ${bad === 1 ? "was" : "were"} not: each says why.` : `${scored}.`;
}

/** @param {{result: Result, target: import("./predict.js").Target}} given */
function TableResult({ result, target }) {
  const { rows, bad, columns, header } = result;
  const passedOver = columns?.passed_over || [];
  const missing = columns?.missing || [];
  const save = () => download(resultLines(result, target), `${result.name}.predicted.csv`);
  return html`<${GoodNotice}>
      <p>${scoredText(rows.length - bad, bad)}</p>
      ${passedOver.length > 0 && html`<p>No part of the model, and kept in the result: ${passedOver.join(", ")}.</p>`}
      ${missing.length > 0 && html`<p>Not in the file, so they count as not known: ${missing.join(", ")}.</p>`}
    <//>
    <p class="actions"><button class="primary" type="button" onClick=${save}>Download the result</button></p>
    ${bad > 0 &&
    html`<h3>Rows that could not be scored</h3>
      <${Rows}
        caption="Rows that could not be scored"
        columns=${[
          { name: "Row", figure: true, cell: (/** @type {Scored} */ row) => row.line },
          { name: "Why", cell: (/** @type {Scored} */ row) => row.fault },
        ]}
        rows=${rows.filter((row) => row.fault)}
      />`}
    <h3>Scored rows</h3>
    <${Rows}
      caption="Scored rows"
      columns=${[
        { name: "Row", figure: true, cell: (/** @type {Scored} */ row) => row.line },
        { name: target.name, cell: (/** @type {Scored} */ row) => valueText(row.answer[target.name]) },
        { name: "Probability", figure: true, cell: (/** @type {Scored} */ row) => percentText(row.answer.probability) },
        ...header.slice(0, 6).map((name, index) => ({ name, cell: (/** @type {Scored} */ row) => row.cells[index] })),
      ]}
      rows=${rows.filter((row) => row.answer)}
    />`;
}

/**
 * @param {string} model
 * @param {File} file
 * @param {AbortSignal} signal
 * @param {(done: number, all: number) => void} onProgress
 * @returns {Promise<Result>}
 */
async function scoreTable(model, file, signal, onProgress) {
  if (file.size > MAX_BYTES) throw new Error("This file is larger than 500 MB. Score it with a scoring job instead.");
  const [first, ...records] = recordsOf(await file.text()).filter((record) => record.trim());
  if (!first || records.length === 0) throw new Error("This file has no rows. The first line names the columns; the rows follow.");
  const separator = separatorOf(first);
  /** @type {Row[]} */
  const rows = records.map((record, index) => ({ line: index + 1, cells: cellsOf(record, separator), answer: null, fault: "" }));
  let columns = null;
  let done = 0;
  onProgress(0, rows.length);
  while (done < rows.length) {
    const part = partFrom(records, done);
    const body = [first.replace(/[\r\n]*$/, "\r\n"), ...part].join("");
    const path = `${pathOf(model)}/predict/batch?partial=true`;
    /** @type {Part} */
    const answer = await ask(path, { method: "POST", body, headers: { "content-type": "text/csv" }, signal });
    for (const scored of answer.predictions) rows[done + scored.row - 1].answer = scored;
    for (const fault of answer.errors) {
      const row = rows[done + fault.row - 1];
      row.fault = [row.fault, [fault.field, fault.msg].filter(Boolean).join(" ")].filter(Boolean).join("; ");
    }
    columns ??= answer.columns;
    done += part.length;
    onProgress(done, rows.length);
  }
  const bad = rows.filter((row) => !row.answer).length;
  return { name: file.name.replace(/\.\w+$/, ""), header: cellsOf(first, separator), rows, bad, columns };
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
 * @param {Result} result
 * @param {import("./predict.js").Target} target
 */
function resultLines({ header, rows }, target) {
  const own = new Set(header);
  const fresh = (/** @type {string} */ name) => (own.has(name) ? `predicted_${name}` : name);
  const lines = [lineOf([...header, ...[target.name, "probability", "prediction_id", "error"].map(fresh)])];
  for (const { cells, answer, fault } of rows) {
    const padded = header.map((_, index) => cells[index] ?? "");
    lines.push(lineOf([...padded, answer?.[target.name], answer?.probability, answer?.prediction_id, fault]));
  }
  return lines;
}
