/** Outcomes as files: what is labelled, to be downloaded, and a table of what happened, to be taken in. */
import { useState } from "preact/hooks";
import { ask, pathOf, send } from "../api.js";
import { cellsOf, download, lineOf, linesOf } from "../csv.js";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { FileDrop } from "../parts/file-drop.js";
import { ErrorNotice, Notice } from "../parts/notice.js";
import { Rows } from "../parts/rows.js";
import { readText } from "../text-file.js";
import { numberText } from "../words.js";

// As much as one request takes: so many outcomes, of predictions of so many days, in so many characters.
const PART_ROWS = 1_000;
const PART_DAYS = 31;
const PART_CHARACTERS = 60_000;
const MAX_BYTES = 100_000_000;
const DAY_MS = 86_400_000;

/**
 * @typedef {import("../api.js").Answered<"RefusedRow">} Refused
 * @typedef {import("../api.js").Answered<"TableReceipt">} Report
 */

/** @param {{model: string, target: import("./predict.js").Target, round: string | null, locked: boolean, labelled: () => void}} given */
export function OutcomesFile({ model, target, round, locked, labelled }) {
  const [progress, setProgress] = useState({ done: 0, all: 0 });
  const [report, setReport] = useState(/** @type {Report | null} */ (null));
  const [take, taking] = useAction(async (/** @type {File} */ file) => {
    setReport(null);
    const path = `${pathOf(model)}/feedback${round ? `?round=${encodeURIComponent(round)}` : ""}`;
    setReport(await sendOutcomes(path, file, (done, all) => setProgress({ done, all })));
    labelled();
  });
  const [save, saving] = useAction(() => saveExport(model, round));
  return html`<section class="card">
    <h2>Outcomes as a file</h2>
    <p class="actions"><button type="button" disabled=${saving.busy} onClick=${() => void save()}>${saving.busy ? "Exporting …" : `Download what is labelled${round ? " in this round" : ""}`}</button></p>
    <${ErrorNotice} error=${saving.error} />
    ${!locked &&
    html`<${FileDrop}
      id="outcomes-file"
      label="Drop a CSV file of what happened, or choose one"
      hint=${`It needs the columns prediction_id and ${target.name}, and may have a column note. Rows without an outcome are passed over.`}
      accept=".csv,.tsv,.txt,.gz,text/csv"
      disabled=${taking.busy}
      onFile=${(/** @type {File} */ file) => void take(file)}
    />`}
    ${taking.busy &&
    html`<p class="busy" role="status">
      <progress max=${progress.all || 1} value=${progress.done} aria-label="Rows sent"></progress>
      ${numberText(progress.done)} of ${numberText(progress.all)} rows
    </p>`}
    <${ErrorNotice} error=${taking.error} />
    ${report && html`<${ReportShown} report=${report} model=${model} />`}
  </section>`;
}

/** @param {{report: Report, model: string}} given */
function ReportShown({ report, model }) {
  const { recorded, repeated, empty, refused, passed_over } = report;
  const save = () => download([lineOf(["row", "column", "why"]), ...refused.map((one) => lineOf([one.row, one.field, one.msg]))], `${model}.not-taken.csv`);
  const kept = recorded + repeated;
  return html`<${Notice} kind=${refused.length === 0 ? "good" : kept > 0 ? "mixed" : "bad"}>
      <p>${numberText(recorded)} ${recorded === 1 ? "outcome was" : "outcomes were"} kept${repeated > 0 && `, ${numberText(repeated)} had been said before`}${empty > 0 && `, ${numberText(empty)} rows say nothing of what happened`}${refused.length > 0 && `, ${numberText(refused.length)} were not taken: each says why`}.</p>
      ${passed_over.length > 0 && html`<p>No part of an outcome, and passed over: ${passed_over.join(", ")}.</p>`}
    <//>
    ${refused.length > 0 &&
    html`<h3>Rows that were not taken</h3>
      <${Rows}
        caption="Rows that were not taken"
        columns=${[
          { name: "Row", figure: true, cell: (/** @type {Refused} */ one) => one.row },
          { name: "Column", cell: (/** @type {Refused} */ one) => one.field },
          { name: "Why", cell: (/** @type {Refused} */ one) => one.msg },
        ]}
        rows=${refused}
      />
      <p class="actions"><button type="button" onClick=${save}>Download this list</button></p>`}`;
}

/**
 * Download all that is labelled, page by page.
 * @param {string} model
 * @param {string | null} round
 */
export async function saveExport(model, round) {
  const parts = [];
  let after = "";
  do {
    const query = new URLSearchParams({ ...(round && { round }), ...(after && { after }) });
    const response = await send(`${pathOf(model)}/feedback/export?${query}`);
    const text = await response.text();
    // Each page has the header line.
    parts.push(after ? text.slice(text.indexOf("\n") + 1) : text);
    after = response.headers.get("x-next") || "";
  } while (after);
  download(parts, `${model}.labelled${round ? `.${round.slice(0, 13)}` : ""}.csv`);
}

/**
 * Send a table of outcomes, part by part, those of neighbouring days together.
 * @param {string} path
 * @param {File} file
 * @param {(done: number, all: number) => void} onProgress
 * @returns {Promise<Report>}
 */
async function sendOutcomes(path, file, onProgress) {
  if (file.size > MAX_BYTES) throw new Error("This file is larger than 100 MB. Send it in parts.");
  const { declared, first, separator, header, records } = linesOf((await readText(file, path)).text);
  const idAt = header.findIndex((name) => name.replace(/[\s._-]/g, "").toLowerCase() === "predictionid");
  const rows = records.map((record, index) => ({ record, row: index + 1, id: (cellsOf(record, separator)[idAt] || "").trim() }));
  rows.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.row - b.row));
  /** @type {Report} */
  const report = { recorded: 0, repeated: 0, empty: 0, refused: [], passed_over: [] };
  let done = 0;
  onProgress(0, rows.length);
  while (done < rows.length) {
    const part = partFrom(rows, done);
    const body = [declared, first, ...part.map((one) => one.record)].filter(Boolean).map((line) => line.replace(/[\r\n]*$/, "\r\n")).join("");
    const answer = await ask(path, { method: "POST", body, headers: { "content-type": "text/csv" } });
    for (const name of /** @type {const} */ (["recorded", "repeated", "empty"])) report[name] += answer[name];
    report.refused.push(...answer.refused.map((/** @type {Refused} */ one) => ({ ...one, row: part[one.row - 1].row })));
    report.passed_over = answer.passed_over;
    done += part.length;
    onProgress(done, rows.length);
  }
  report.refused.sort((a, b) => a.row - b.row);
  return report;
}

/**
 * @template {{record: string, id: string}} T
 * @param {T[]} rows in the order of their ids, which begin with their time
 * @param {number} start
 * @returns {T[]}
 */
function partFrom(rows, start) {
  const days = new Set();
  let [end, size] = [start, 0];
  while (end < rows.length && end - start < PART_ROWS) {
    size += rows[end].record.length;
    days.add(Math.floor(Number.parseInt(rows[end].id.replace("-", "").slice(0, 12), 16) / DAY_MS));
    if (end > start && (size > PART_CHARACTERS || days.size > PART_DAYS)) break;
    end += 1;
  }
  return rows.slice(start, end);
}
