/** Trainings: begun by hand, watched until the new version is there, and what the gate said of each. */
import { useEffect, useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { Explained } from "../parts/explained.js";
import { Empty, ErrorNotice, GoodNotice } from "../parts/notice.js";
import { Rows } from "../parts/rows.js";
import { linkTo } from "../routing.js";
import { sentenceText, timeText } from "../words.js";

const MAX_VERSIONS = 100;
const ASK_AGAIN_MS = 3_000;
// A retrain may take a quarter of an hour, as long as a function may.
const PATIENCE_MS = 15 * 60_000;

const REASONS = { request: "somebody's request", drift: "drift", quality: "its quality, which has fallen", weekly: "the week that has passed" };
const OUTCOMES = { uploaded: "begun", unchanged: "nothing new to train on", held: "held up", "not due": "not due" };

/**
 * @typedef {import("../api.js").Answered<"Report">} Report
 * @typedef {import("../api.js").Answered<"ListedVersion">} Listed
 */

/** @param {{model: string, changed: () => void}} given changed: called when there is something new to be read */
export function TrainNow({ model, changed }) {
  const [said, setSaid] = useState("");
  const [dataset, setDataset] = useState("");
  const [train, training] = useAction(async () => {
    setSaid("");
    const answer = await ask(`${pathOf(model)}/training`, { method: "POST" });
    if (answer.outcome === "uploaded") setDataset(answer.dataset);
    else setSaid(`No training was begun: ${answer.why}.`);
    changed();
  });
  const done = (/** @type {string} */ words) => {
    setDataset("");
    setSaid(words);
    changed();
  };
  const busy = training.busy || Boolean(dataset);
  return html`<button type="button" disabled=${busy} onClick=${() => void train()}>${busy ? "Training …" : "Train now"}</button>
    ${training.busy && html`<span class="busy" role="status"><progress></progress> A dataset is put together from what was labelled.</span>`}
    ${dataset && html`<${Waiting} key=${dataset} model=${model} dataset=${dataset} done=${done} />`}
    ${said && html`<${GoodNotice}>${said}<//>`}
    <${ErrorNotice} error=${training.error} />`;
}

/** @param {{model: string, dataset: string, done: (words: string) => void}} given */
function Waiting({ model, dataset, done }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const began = Date.now();
    const abort = new AbortController();
    const look = async () => {
      setSeconds(Math.round((Date.now() - began) / 1000));
      const made = await versionOf(model, dataset, abort.signal).catch(() => null);
      if (abort.signal.aborted) return;
      if (made) return done(verdict(made));
      if (Date.now() - began > PATIENCE_MS) return done("The training has not ended after a quarter of an hour: see the log of the retrain function.");
      timer = setTimeout(look, ASK_AGAIN_MS);
    };
    let timer = setTimeout(look, ASK_AGAIN_MS);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, []);
  return html`<span class="busy" role="status"><progress></progress> A new version is being trained (${seconds} s). You may leave this page: it goes on.</span>`;
}

/** @param {Listed} made */
function verdict({ version, in_service, summary }) {
  const decision = summary?.decision;
  const said = decision ? ` ${sentenceText(decision.reason)}` : "";
  return `Version ${version} is there${in_service ? ", and in service" : decision && !decision.promote ? ", and the one before it stays in service" : ""}.${said}`;
}

/**
 * @param {string} model
 * @param {string} dataset
 * @param {AbortSignal} signal
 * @returns {Promise<Listed | undefined>}
 */
async function versionOf(model, dataset, signal) {
  const found = (await versionsOf(model, signal)).find((one) => one.summary?.dataset.key === dataset);
  // It is published a moment before it is promoted.
  return found?.in_service || !found?.summary?.decision.promote || Date.now() - Date.parse(found.published_at) > 2 * ASK_AGAIN_MS ? found : undefined;
}

/**
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<Listed[]>}
 */
const versionsOf = async (model, signal) => (await ask(`${pathOf(model)}/versions?limit=${MAX_VERSIONS}`, { signal })).versions;

/** @param {{model: string, reports: Report[]}} given reports: newest first */
export function Trainings({ model, reports }) {
  const due = reports.filter((report) => report.training.reason);
  const versions = useLoaded((signal) => versionsOf(model, signal), [model, due.length]);
  const made = (/** @type {Report} */ report) => (report.training.dataset ? versions.value?.find((one) => one.summary?.dataset.key === report.training.dataset) : undefined);
  return html`<section class="card">
    <h2>Trainings</h2>
    <${ErrorNotice} error=${versions.error} again=${versions.again} />
    ${due.length === 0
      ? html`<${Empty}>None was due.<//>`
      : html`<${Rows}
            caption="Trainings that were due, newest first"
            rows=${due}
            columns=${[
              { name: "When", cell: (/** @type {Report} */ report) => timeText(report.at) },
              { name: "Because of", cell: (/** @type {Report} */ report) => REASONS[/** @type {keyof typeof REASONS} */ (report.training.reason)] },
              { name: "Outcome", cell: (/** @type {Report} */ report) => OUTCOMES[/** @type {keyof typeof OUTCOMES} */ (report.training.outcome)] },
              { name: "Labels", figure: true, cell: (/** @type {Report} */ report) => report.training.labels ?? "—" },
              { name: "Version", cell: (/** @type {Report} */ report) => versionCell(model, made(report)) },
              { name: "Good enough?", prose: true, cell: (/** @type {Report} */ report) => gateText(report, made(report)) },
            ]}
          />
          <${Explained} terms=${["kept out of service"]} />`}
  </section>`;
}

/**
 * @param {string} model
 * @param {Listed | undefined} listed
 */
const versionCell = (model, listed) => (listed ? html`<a href=${linkTo(model, "models", listed.version)}><code>${listed.version}</code></a>` : "—");

/**
 * @param {Report} report
 * @param {Listed | undefined} listed
 */
function gateText({ training }, listed) {
  const decision = listed?.summary?.decision;
  // Of a dataset that was tried before, the report names the version of that time.
  if (decision) return `${decision.promote ? "good enough" : "kept out of service"}: ${decision.reason}`;
  return training.outcome === "uploaded" ? "no version of it is there (yet)" : training.why;
}
