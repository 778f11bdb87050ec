/** Scores a table that a person drops, and shows what became of each row; or sends it to the server, which scores it there. */
import { useRef, useState } from "preact/hooks";
import { download } from "../csv.js";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { FileDrop } from "../parts/file-drop.js";
import { useLeaving } from "../parts/leaving.js";
import { ErrorNotice, GoodNotice, Notice } from "../parts/notice.js";
import { Rows } from "../parts/rows.js";
import { canSend, needsServer, sendToScore } from "../scoring-file.js";
import { readTable, resultLines, scoreTable } from "../table-scoring.js";
import { fieldText, numberText, percentText, valueText } from "../words.js";

/**
 * @typedef {import("../table-scoring.js").Result} Result
 * @typedef {import("../table-scoring.js").Table} Table
 * @typedef {import("../table-scoring.js").Row} Row
 * @typedef {Row & {answer: import("../table-scoring.js").Answer}} Scored
 */

/** @param {{model: string, target: import("./predict.js").Target, sent: () => void}} given sent: told when a file is on the server, and when it is not */
export function Batch({ model, target, sent }) {
  const [progress, setProgress] = useState({ done: 0, all: 0 });
  const [result, setResult] = useState(/** @type {Result | null} */ (null));
  const [isChosen, setIsChosen] = useState(false);
  const [waiting, setWaiting] = useState(/** @type {Table | null} */ (null));
  const [onServer, setOnServer] = useState(false);
  const [share, setShare] = useState(/** @type {{name: string, share: number} | null} */ (null));
  const [arrived, setArrived] = useState("");
  const abort = useRef(new AbortController());
  const [score, scoring] = useAction(async (/** @type {Table} */ table, /** @type {string} */ reference) => {
    setWaiting(null);
    abort.current = new AbortController();
    setResult(await scoreTable(model, table, reference, abort.current.signal, (done, all) => setProgress({ done, all })));
  });
  const send = async (/** @type {File} */ file) => {
    abort.current = new AbortController();
    setShare({ name: file.name, share: 0 });
    try {
      await sendToScore(model, file, abort.current.signal, (share) => setShare({ name: file.name, share }));
      setArrived(file.name);
    } finally {
      setShare(null);
      sent();
    }
  };
  const [take, taking] = useAction(async (/** @type {File} */ file) => {
    setResult(null);
    setWaiting(null);
    setArrived("");
    scoring.clear();
    if (onServer || (await needsServer(file))) return send(file);
    const table = await readTable(model, file);
    if (isChosen) setWaiting(table);
    else void score(table, "");
  });
  useLeaving(scoring.busy || share !== null);
  return html`<section class="card">
    <h2>Predict a table</h2>
    <p>
      <label><input type="checkbox" checked=${isChosen} aria-describedby="reference-hint" onChange=${() => setIsChosen(!isChosen)} /> Choose the column with your references</label>
    </p>
    <p class="hint" id="reference-hint">
      A reference is your own word for a row, such as a customer's number: people who label see it. Without a choice, it is the
      column called reference, if there is one.
    </p>
    ${canSend &&
    html`<p>
        <label><input type="checkbox" checked=${onServer} aria-describedby="server-hint" onChange=${() => setOnServer(!onServer)} /> Have it scored on the server</label>
      </p>
      <p class="hint" id="server-hint">You may close this page as soon as the file is sent, and fetch the result later, below. Files over 20 MB, and Parquet, always go there. Its rows do not come to be labelled.</p>`}
    <${FileDrop}
      id="table-file"
      label="Drop a CSV file here, or choose one"
      hint="Any number of rows. Columns that the model does not know are kept in the result."
      accept=".csv,.tsv,.txt,.gz,.parquet,text/csv"
      disabled=${scoring.busy || taking.busy}
      onFile=${(/** @type {File} */ file) => void take(file)}
    />
    ${waiting && html`<${ReferenceChoice} key=${waiting.name} table=${waiting} choose=${(/** @type {string} */ name) => void score(waiting, name)} />`}
    ${scoring.busy &&
    html`<p class="busy" role="status">
      <progress max=${progress.all || 1} value=${progress.done} aria-label="Rows scored"></progress>
      ${numberText(progress.done)} of ${numberText(progress.all)} rows
      <button type="button" onClick=${() => abort.current.abort(new Error("Stopped. Nothing is kept of this table here; choose it again to begin anew."))}>Stop</button>
    </p>`}
    ${share &&
    html`<p class="busy" role="status">
      <progress max="1" value=${share.share || undefined} aria-label="Sent"></progress>
      Sending ${share.name}${share.share > 0 && `, ${percentText(share.share)}`} … Keep this page open until it is sent.
      ${" "}<button type="button" onClick=${() => abort.current.abort(new Error(`${share.name} was not sent: you stopped it.`))}>Stop</button>
    </p>`}
    ${arrived && html`<${GoodNotice}><b>${arrived}</b> is on the server, and is scored there. You may leave this page: its result will be under "Files scored on the server", below.<//>`}
    <${ErrorNotice} error=${taking.error || scoring.error} />
    ${result && html`<${TableResult} result=${result} target=${target} />`}
  </section>`;
}

/** @param {{table: Table, choose: (name: string) => void}} given */
function ReferenceChoice({ table, choose }) {
  const [name, setName] = useState("");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    choose(name);
  };
  return html`<form class="inline" onSubmit=${submit}>
    <label for="reference-column">Column of ${table.name} with your references</label>
    <select id="reference-column" onChange=${(/** @type {any} */ event) => setName(event.currentTarget.value)}>
      <option value="">none of them</option>
      ${table.header.filter(Boolean).map((column) => html`<option value=${column} selected=${column === name}>${column}</option>`)}
    </select>
    <button class="primary">Predict ${numberText(table.records.length)} ${table.records.length === 1 ? "row" : "rows"}</button>
  </form>`;
}

/**
 * @param {number} good
 * @param {number} bad
 */
function scoredText(good, bad) {
  if (good === 0) return bad === 1 ? "the only row could not be scored: it says why." : `none of ${numberText(bad)} rows could be scored: each says why.`;
  const scored = `${numberText(good)} ${good === 1 ? "row was" : "rows were"} scored`;
  return bad > 0 ? `${scored}, ${numberText(bad)} ${bad === 1 ? "was" : "were"} not: each says why.` : `${scored}.`;
}

/** @param {{result: Result, target: import("./predict.js").Target}} given */
function TableResult({ result, target }) {
  const { rows, bad, columns, table, reference } = result;
  const header = table.header;
  // What the model predicts is no part of what it is asked; that it is known already is worth a sentence of its own.
  const known = header.find((name) => name === target.name);
  const passedOver = (columns?.passed_over || []).filter((name) => name !== known);
  const missing = columns?.missing || [];
  const column = header.indexOf(reference);
  const named = column < 0 ? [] : [{ name: reference, cell: (/** @type {Row} */ row) => row.cells[column] ?? "" }];
  const others = header.flatMap((name, index) => (index === column ? [] : [{ name, cell: (/** @type {Row} */ row) => row.cells[index] ?? "" }]));
  const save = () => download(resultLines(result, target), `${table.name}.predicted.csv`);
  return html`<${Notice} kind=${bad === 0 ? "good" : bad < rows.length ? "mixed" : "bad"}>
      <p><b>${table.file}</b>: ${scoredText(rows.length - bad, bad)}</p>
      ${passedOver.length > 0 && html`<p>No part of the model, and kept in the result: ${passedOver.join(", ")}.</p>`}
      ${known && html`<p>The file has a column ${known} of its own. It is kept in the result as it is, was not looked at, and the prediction stands beside it as predicted_${known}.</p>`}
      ${column >= 0 && html`<p>Your references are in the column ${reference}; they are kept with the predictions.</p>`}
      ${missing.length > 0 && html`<p>Not in the file, so they count as not known: ${missing.map(fieldText).join(", ")}.</p>`}
    <//>
    <p class="actions"><button class="primary" type="button" onClick=${save}>Download the result</button></p>
    ${bad > 0 &&
    html`<h3>Rows that could not be scored</h3>
      <${Rows}
        caption="Rows that could not be scored"
        columns=${[
          { name: "Row", figure: true, cell: (/** @type {Row} */ row) => row.line },
          ...named,
          { name: "In the file", cell: (/** @type {Row} */ row) => valueText(row.given) },
          { name: "Why", cell: (/** @type {Row} */ row) => row.fault },
        ]}
        rows=${rows.filter((row) => row.fault)}
      />`}
    ${bad < rows.length &&
    html`<h3>Scored rows</h3>
    <${Rows}
      caption="Scored rows"
      columns=${[
        { name: "Row", figure: true, cell: (/** @type {Scored} */ row) => row.line },
        ...named,
        { name: target.name, cell: (/** @type {Scored} */ row) => valueText(row.answer[target.name]) },
        { name: "Probability", figure: true, cell: (/** @type {Scored} */ row) => percentText(row.answer.probability) },
        ...others.slice(0, 6),
      ]}
      rows=${rows.filter((row) => row.answer)}
    />`}`;
}
