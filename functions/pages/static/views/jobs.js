/** Files that are scored on the server, by a function of their own: how far each is, and its result. */
import { useEffect, useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { Bar } from "../parts/bar.js";
import { Empty, ErrorNotice, WhenLoaded } from "../parts/notice.js";
import { callerText } from "../people.js";
import { numberText, sentenceText, sizeText, timeText } from "../words.js";

const POLL_MS = 2_000;

/** @typedef {import("../api.js").Answered<"JobAnswer">} Job */
/** @typedef {import("../api.js").Answered<"JobList">} JobList */

const STATES = { waiting: "waits for its file", running: "is being scored", done: "done", failed: "failed", cancelled: "cancelled" };

/** @param {{model: string, sent: number}} given sent: how many files were sent from this page */
export function Jobs({ model, sent }) {
  const loaded = useLoaded((signal) => ask(`${pathOf(model)}/scoring`, { signal }), [model]);
  useEffect(() => (sent ? loaded.again() : undefined), [sent]);
  const jobs = loaded.value?.jobs || [];
  const isMoving = jobs.some((/** @type {Job} */ job) => job.state === "running" || job.state === "waiting");
  useEffect(() => {
    // Asked again once it has answered, so that a slow answer is not overtaken.
    if (!isMoving || loaded.busy) return undefined;
    const timer = setTimeout(loaded.again, POLL_MS);
    return () => clearTimeout(timer);
  }, [isMoving, loaded.busy, loaded.value]);
  // Who has sent a file by the command line comes back to this tab to see it. Without that nothing is asked: it would be paid for.
  useEffect(() => {
    const back = () => document.visibilityState === "visible" && loaded.again();
    document.addEventListener("visibilitychange", back);
    return () => document.removeEventListener("visibilitychange", back);
  }, []);
  return html`<section class="card">
    <h2>Files scored on the server</h2>
    <p class="hint">
      Files that you and others sent to be scored on the server, above. How far each is stands here, and its result, which is
      kept for 30 days.
    </p>
    <details>
      <summary>Send files by a command line</summary>
      <p class="hint">
        <code>make score FILE=rows.csv${" "}MODEL=${model}</code> sends a file and waits for the result; what is put into the
        store below <code>scoring/${model}/in/</code> is scored as well.
      </p>
    </details>
    <p class="actions"><button type="button" disabled=${loaded.busy} onClick=${loaded.again}>Look for files</button></p>
    <${WhenLoaded} loaded=${loaded} what="the files">
      ${(/** @type {JobList} */ list) => html`<${JobTable} model=${model} list=${list} changed=${loaded.again} />`}
    <//>
  </section>`;
}

/** @param {{model: string, list: JobList, changed: () => void}} given */
function JobTable({ model, list, changed }) {
  // Those that were cancelled here stay in their places while one looks.
  const [own, setOwn] = useState(/** @type {string[]} */ ([]));
  if (list.jobs.length === 0 && list.damaged.length === 0) return html`<${Empty}>No file was scored yet.<//>`;
  const isAside = (/** @type {Job} */ job) => job.state === "cancelled" && !own.includes(job.job);
  const aside = list.jobs.filter(isAside);
  const cancelled = (/** @type {string} */ id) => {
    setOwn((before) => [...before, id]);
    changed();
  };
  const shown = (/** @type {Job[]} */ jobs) => html`<ul class="jobs">
    ${jobs.map((job) => html`<li key=${job.job}><${JobShown} model=${model} job=${job} cancelled=${() => cancelled(job.job)} /></li>`)}
  </ul>`;
  return html`${list.damaged.length > 0 && html`<p class="notice bad">What is known of these cannot be read any more: ${list.damaged.join(", ")}.</p>`}
    ${aside.length > 0 && aside.length === list.jobs.length ? html`<${Empty}>There are none but cancelled ones.<//>` : shown(list.jobs.filter((job) => !isAside(job)))}
    ${aside.length > 0 && html`<details><summary>Cancelled: ${numberText(aside.length)} ${aside.length === 1 ? "file" : "files"}</summary>${shown(aside)}</details>`}`;
}

/** @param {{model: string, job: Job, cancelled: () => void}} given cancelled: told when somebody has cancelled it here */
function JobShown({ model, job, cancelled }) {
  const name = job.key.slice(job.key.lastIndexOf("/") + 1);
  const [cancel, cancelling] = useAction(async () => {
    await ask(`${pathOf(model)}/scoring/${job.job}`, { method: "DELETE" });
    cancelled();
  });
  const mayEnd = job.state === "waiting" || job.state === "running";
  return html`<p>
      <b>${name}</b> ${STATES[job.state]}${job.by && html`, asked for by ${callerText(job.by)}`}, ${timeText(job.created_at)}
    </p>
    ${job.state === "running" && html`<${Bar} name=${`Rows of ${name}`} value=${job.rows} of=${job.lines ?? 0} />`}
    ${job.reason && html`<p class="why">${sentenceText(job.reason)}</p>`}
    ${job.state === "done" && html`<p>${doneText(job)}</p>`}
    <p class="actions">
      ${job.result && html`<a class="button" href=${job.result.url}>Download the result${job.result_bytes !== null && `, ${sizeText(job.result_bytes)}`}</a>`}
      ${mayEnd && html`<button type="button" disabled=${cancelling.busy} onClick=${() => void cancel()}>Cancel ${name}</button>`}
    </p>
    <${ErrorNotice} error=${cancelling.error} />`;
}

/** @param {Job} job */
function doneText(job) {
  const bad = job.bad_rows > 0 ? `, of which ${numberText(job.bad_rows)} could not be scored: the result says of each why` : "";
  // A folder has no addresses: whoever can reach it has the key.
  const lies = job.result ? "" : job.result_key ? ` The result lies in the store at ${job.result_key}.` : " The result has been deleted since.";
  const rate = job.rows_per_second === null || job.rows_per_second < 1 ? "" : `, ${numberText(Math.round(job.rows_per_second))} a second`;
  return `${numberText(job.rows)} rows${bad}${rate}, by version ${job.version}.${lies}`;
}
