/** What the champion is asked, how far that is from what it learned, and how well it answers. */
import { useState } from "preact/hooks";
import { ApiError, ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { Figure, Figures } from "../parts/figures.js";
import { Empty, ErrorNotice, GoodNotice, WhenLoaded } from "../parts/notice.js";
import { may } from "../session.js";
import { numberText, percentText, timeText } from "../words.js";
import { Alarms } from "./monitoring-alarms.js";
import { Drift } from "./monitoring-drift.js";
import { Quality } from "./monitoring-quality.js";
import { Trainings, TrainNow } from "./monitoring-trainings.js";
import { Refusals, Traffic } from "./monitoring-traffic.js";

const MAX_REPORTS = 100;

/** @typedef {import("../api.js").Answered<"Report">} Report */

/** @param {{model: string}} given */
export function Monitoring({ model }) {
  const loaded = useLoaded((signal) => readReports(model, signal), [model]);
  const [done, setDone] = useState("");
  const [look, looking] = useAction(async () => {
    setDone("");
    const report = await ask(`${pathOf(model)}/monitoring/run`, { method: "POST" });
    const isNew = report.sequence !== loaded.value?.reports[0]?.sequence;
    setDone(isNew ? `The monitor has looked at what is new, and wrote report ${report.sequence}.` : "There is nothing new since the last report.");
    loaded.again();
  });
  return html`<h1>Monitoring of ${model}</h1>
    ${may("admin") &&
    html`<div class="actions">
        <button type="button" class="primary" disabled=${looking.busy} onClick=${() => void look()}>${looking.busy ? "Looking …" : "Look now"}</button>
        <${TrainNow} model=${model} changed=${loaded.again} />
      </div>
      ${looking.busy && html`<p class="busy" role="status"><progress></progress> The monitor reads the predictions that are new, and judges them.</p>`}`}
    ${done && html`<${GoodNotice}>${done}<//>`}
    <${ErrorNotice} error=${looking.error} />
    <${WhenLoaded} loaded=${loaded} what="the reports">
      ${(/** @type {{reports: Report[], damaged: number[]}} */ { reports, damaged }) => html`
        ${damaged.length > 0 && html`<p class="hint">Reports ${damaged.join(", ")} cannot be read and are left out.</p>`}
        ${reports.length === 0
          ? html`<${Empty}>The monitor has not looked at ${model} yet. It does so every hour, and when an administrator chooses Look now.<//>`
          : html`<${Alarms} reports=${reports} />
              <${Now} report=${reports[0]} />
              <${Traffic} key=${reports[0].sequence} model=${model} />
              <${Drift} model=${model} reports=${reports} />
              <${Quality} reports=${reports} />
              <${Refusals} reports=${reports} />
              <${Trainings} model=${model} reports=${reports} />`}
      `}
    <//>`;
}

/**
 * The reports, newest first; none where there are none yet.
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<{reports: Report[], damaged: number[]}>}
 */
async function readReports(model, signal) {
  try {
    return await ask(`${pathOf(model)}/monitoring/reports?limit=${MAX_REPORTS}`, { signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { reports: [], damaged: [] };
    throw error;
  }
}

/** @param {{report: Report}} given */
function Now({ report }) {
  const { counted, drift, live, refused } = report;
  return html`<section class="card">
    <h2>Now</h2>
    <${Figures}>
      <${Figure} name="Looked at" note=${`report ${report.sequence}`}>${timeText(report.at)}<//>
      <${Figure} name="Version" note="in service when it looked"><code>${report.champion}</code><//>
      <${Figure} name="New predictions" note=${counted.complete ? "enough to be judged" : "not enough yet to be judged"}>${numberText(counted.rows)}<//>
      <${Figure} name="Drift" note=${drift ? `of ${numberText(drift.rows)} predictions` : "too few predictions so far"}>${driftText(drift)}<//>
      <${Figure} name="Outcomes told" note=${`stand for ${percentText(live.represented)} of predictions`}>${numberText(live.labels)}<//>
      ${refused && html`<${Figure} name="Refused rows" note=${`of ${numberText(refused.rows)} asked about`}>${percentText(refused.share)}<//>`}
    <//>
  </section>`;
}

/** @param {Report["drift"]} drift */
function driftText(drift) {
  if (!drift) return "—";
  if (drift.drifted.length === 0) return "none";
  return drift.confirmed ? "confirmed" : "seen once";
}
