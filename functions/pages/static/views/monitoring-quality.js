/** How good the champion is in service, beside how good it was on its holdout. */
import { html } from "../html.js";
import { Chart } from "../parts/chart.js";
import { Explained } from "../parts/explained.js";
import { intervalText, metricName, numberText, percentText } from "../words.js";

/** @typedef {import("../api.js").Answered<"Report">} Report */

// Those by which a champion is said to have fallen come first.
const DRAWN = ["log_loss", "roc_auc"];

/** @param {{reports: Report[]}} given reports: newest first */
export function Quality({ reports }) {
  const { live } = reports[0];
  return html`<section class="card">
    <h2>How good it is in service</h2>
    <p class="hint" id="quality-hint">${captionOf(live)}</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Metrics"><table aria-describedby="quality-hint">
      <thead><tr><th scope="col">Metric</th><th scope="col" class="figure">on the holdout</th><th scope="col" class="figure">in service</th><th scope="col">Verdict</th></tr></thead>
      <tbody>
        ${Object.keys(live.holdout).map(
          (name) => html`<tr key=${name}>
            <th scope="row">${metricName(name)}</th>
            <td class="figure">${intervalText(live.holdout[name])}</td>
            <td class="figure">${intervalText(live.quality?.metrics[name])}</td>
            <td>${live.fallen.includes(name) ? html`<b>worse, and not by chance</b>` : live.judged?.includes(name) ? "as expected" : live.quality ? "not judged" : "—"}</td>
          </tr>`,
        )}
      </tbody>
    </table></div>
    <${Explained} terms=${["log loss", "ROC AUC", "Brier score", "accuracy", "calibration error", "95 % interval", "holdout", "stands for"]} />
    <div class="columns">${DRAWN.map((name) => html`<${InTime} key=${name} name=${name} reports=${reports} />`)}</div>
  </section>`;
}

/** @param {Report["live"]} live */
function captionOf(live) {
  if (!live.quality) return `${live.labels === 1 ? "One outcome was" : `${numberText(live.labels)} outcomes were`} told, too few to judge by. Beside them stands how good it was before it came into service.`;
  const few = live.judged?.length === 0 ? " That is too small a part to judge by." : "";
  return `From ${numberText(live.labels)} outcomes, which stand for ${percentText(live.represented)} of the predictions; in brackets the 95 % interval.${few}`;
}

/** @param {{name: string, reports: Report[]}} given */
function InTime({ name, reports }) {
  const known = reports.filter((report) => report.live.quality?.metrics[name]).reverse();
  if (known.length < 2) return null;
  const live = (/** @type {"value" | "low" | "high"} */ part) => known.map((report) => report.live.quality?.metrics[name][part] ?? null);
  const holdout = (/** @type {"value" | "low" | "high"} */ part) => known.map((report) => report.live.holdout[name]?.[part] ?? null);
  return html`<${Chart}
    title=${`${metricName(name)} in service, beside the holdout's`}
    xName="When"
    times=${true}
    x=${known.map((report) => Date.parse(report.at))}
    series=${[
      { name: "in service", values: live("value"), low: live("low"), high: live("high"), points: true },
      { name: "holdout", values: holdout("value"), colour: 3 },
      { name: "holdout, lower end", values: holdout("low"), colour: 3, dashed: true },
      { name: "holdout, upper end", values: holdout("high"), colour: 3, dashed: true },
    ]}
  />`;
}
