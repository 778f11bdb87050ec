/** What the champion is asked, how far that is from what it learned, and how well it answers. */
import { useState } from "preact/hooks";
import { ApiError, ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { Chart } from "../parts/chart.js";
import { Figure, Figures } from "../parts/figures.js";
import { Empty, ErrorNotice, GoodNotice, WhenLoaded } from "../parts/notice.js";
import { Rows } from "../parts/rows.js";
import { may } from "../session.js";
import { fieldText, intervalText, metricName, numberText, percentText, timeText } from "../words.js";

const MAX_REPORTS = 100;
// What the monitor takes for a difference that matters: functions/monitor/drift.py.
const PSI_LIMIT = 0.1;

/** @typedef {Record<string, any>} Report */

/** @param {{model: string}} given */
export function Monitoring({ model }) {
  const loaded = useLoaded((signal) => readReports(model, signal), [model]);
  const [done, setDone] = useState("");
  const [look, looking] = useAction(async () => {
    await ask(`${pathOf(model)}/monitoring/run`, { method: "POST" });
    setDone("The monitor has looked at what is new.");
    loaded.again();
  });
  const [train, training] = useAction(async () => {
    const answer = await ask(`${pathOf(model)}/training`, { method: "POST" });
    setDone(`Training: ${answer.outcome}. ${answer.why}`);
    loaded.again();
  });
  return html`<h1>Monitoring</h1>
    ${may("admin") &&
    html`<p class="actions">
      <button type="button" class="primary" disabled=${looking.busy} onClick=${() => void look()}>${looking.busy ? "Looking …" : "Look now"}</button>
      <button type="button" disabled=${training.busy} onClick=${() => void train()}>${training.busy ? "Asking …" : "Train now"}</button>
    </p>`}
    ${done && html`<${GoodNotice}>${done}<//>`}
    <${ErrorNotice} error=${looking.error || training.error} />
    <${WhenLoaded} loaded=${loaded} what="the reports">
      ${(/** @type {Report[]} */ reports) =>
        reports.length === 0
          ? html`<${Empty}>The monitor has not looked at ${model} yet. It does so every hour, and when an administrator chooses Look now.<//>`
          : html`<${Last} report=${reports[0]} /><${OverTime} reports=${[...reports].reverse()} /><${Trainings} reports=${reports} />`}
    <//>`;
}

/**
 * The reports, newest first; none where there are none yet.
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<Report[]>}
 */
async function readReports(model, signal) {
  try {
    return (await ask(`${pathOf(model)}/monitoring/reports?limit=${MAX_REPORTS}`, { signal })).reports;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** @param {{report: Report}} given */
function Last({ report }) {
  const { drift, live, refused } = report;
  return html`<section class="card">
      <h2>Now</h2>
      <${Figures}>
        <${Figure} name="Looked at" note=${`report ${report.sequence}`}>${timeText(report.at)}<//>
        <${Figure} name="Champion" note="in service"><code>${report.champion}</code><//>
        <${Figure} name="New predictions" note=${report.counted.complete ? "enough to be judged" : "not enough yet to be judged"}>${numberText(report.counted.rows)}<//>
        <${Figure} name="Drift" note=${drift ? `${drift.in_a_row} windows in a row` : "no complete window yet"}>
          ${drift ? (drift.drifted.length > 0 ? (drift.confirmed ? "confirmed" : "seen once") : "none") : "—"}
        <//>
        <${Figure} name="Outcomes told" note=${`stand for ${percentText(live.represented)} of predictions`}>${numberText(live.labels)}<//>
        ${refused && html`<${Figure} name="Refused rows" note=${`of ${numberText(refused.asked?.refused + refused.asked?.scored || 0)}`}>${percentText(refused.share ?? 0)}<//>`}
      <//>
      ${drift?.data.alarms.map((/** @type {string} */ alarm) => html`<div class="notice bad"><p>${alarm}</p></div>`)}
    </section>
    ${drift && html`<${Features} drift=${drift} />`}
    <${Live} live=${live} />`;
}

/** @param {{drift: any}} given */
function Features({ drift }) {
  const names = Object.keys(drift.features).sort((a, b) => drift.features[b].psi - drift.features[a].psi);
  return html`<section class="card">
    <h2>How far what is asked is from what it learned</h2>
    <${Chart}
      title=${`Population stability index of each value, in ${numberText(drift.rows)} predictions`}
      xName="Value"
      x=${names.map((_, index) => index)}
      xTexts=${names.map(fieldText)}
      series=${[
        { name: "PSI", values: names.map((name) => drift.features[name].psi), bars: true },
        { name: "the line it must stay under", values: names.map(() => PSI_LIMIT), colour: 2, dashed: true },
      ]}
    />
    ${drift.drifted.length > 0 && html`<p>Different: <b>${drift.drifted.map(fieldText).join(", ")}</b>.</p>`}
  </section>`;
}

/** @param {{live: any}} given */
function Live({ live }) {
  const names = Object.keys(live.holdout);
  return html`<section class="card">
    <h2>How good it is in service</h2>
    <table>
      <caption>${live.quality ? `From ${numberText(live.labels)} outcomes` : "Too few outcomes were told to say; the figures of the holdout stand alone"}</caption>
      <thead><tr><th scope="col">Metric</th><th scope="col" class="figure">on the holdout</th><th scope="col" class="figure">in service</th><th scope="col">Verdict</th></tr></thead>
      <tbody>
        ${names.map(
          (name) => html`<tr key=${name}>
            <th scope="row">${metricName(name)}</th>
            <td class="figure">${intervalText(live.holdout[name])}</td>
            <td class="figure">${intervalText(live.quality?.metrics[name])}</td>
            <td>${live.fallen.includes(name) ? html`<b>worse, and not by chance</b>` : live.quality ? "as expected" : "—"}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** @param {{reports: Report[]}} given reports: oldest first */
function OverTime({ reports }) {
  const times = reports.map((report) => Date.parse(report.at));
  if (times.length < 2) return null;
  const psi = reports.map((report) => (report.drift ? Math.max(...Object.values(report.drift.features).map((/** @type {any} */ one) => one.psi)) : null));
  const loss = (/** @type {"value" | "low" | "high"} */ part) => reports.map((report) => report.live.quality?.metrics.log_loss?.[part] ?? null);
  return html`<section class="card">
    <h2>Over time</h2>
    <div class="columns">
      <${Chart} title="Predictions since the window before" xName="When" times=${true} x=${times} series=${[{ name: "predictions", values: reports.map((report) => report.counted.rows), points: true }]} />
      <${Chart}
        title="Largest drift of any value"
        xName="When"
        times=${true}
        x=${times}
        series=${[{ name: "PSI", values: psi, points: true }, { name: "the line it must stay under", values: times.map(() => PSI_LIMIT), dashed: true }]}
      />
      <${Chart}
        title="Log loss in service beside the holdout's"
        xName="When"
        times=${true}
        x=${times}
        series=${[
          { name: "in service", values: loss("value"), points: true },
          { name: "lower end", values: loss("low"), colour: 1, dashed: true },
          { name: "upper end", values: loss("high"), colour: 1, dashed: true },
          { name: "holdout", values: reports.map((report) => report.live.holdout.log_loss?.value ?? null), colour: 3 },
        ]}
      />
    </div>
  </section>`;
}

/** @param {{reports: Report[]}} given */
function Trainings({ reports }) {
  const due = reports.filter((report) => report.training.reason);
  return html`<section class="card">
    <h2>Trainings</h2>
    ${due.length === 0
      ? html`<${Empty}>None was due.<//>`
      : html`<${Rows}
          caption="Trainings that were due, newest first"
          rows=${due}
          columns=${[
            { name: "When", cell: (/** @type {Report} */ report) => timeText(report.at) },
            { name: "Because of", cell: (/** @type {Report} */ report) => report.training.reason },
            { name: "Outcome", cell: (/** @type {Report} */ report) => report.training.outcome },
            { name: "Why", cell: (/** @type {Report} */ report) => report.training.why },
            { name: "Labels", figure: true, cell: (/** @type {Report} */ report) => report.training.labels ?? "—" },
          ]}
        />`}
  </section>`;
}
