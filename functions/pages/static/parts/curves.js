/** ROC and calibration curves of one version, or of two in one picture. */
import { html } from "../html.js";
import { percentText } from "../words.js";
import { Chart } from "./chart.js";

/**
 * @typedef {import("../api.js").Answered<"Curves">} Curves
 */

/** @type {[number, number]} */
const SHARES = [0, 1];

/** @param {{sides: Curves[]}} given */
export function RocChart({ sides }) {
  const drawn = sides.filter((one) => one.roc.length > 0);
  if (drawn.length === 0) return html`<p class="empty">All rows held out have the same outcome: there is no ROC curve.</p>`;
  // One scale across for all lines, on which each has values at its own places.
  const points = drawn.flatMap((one, side) => one.roc.map((point, index) => ({ side, index, ...point })));
  points.sort((a, b) => a.false_positive_rate - b.false_positive_rate || a.side - b.side || a.index - b.index);
  return html`<${Chart}
    title="ROC curve"
    xName="false alarms, of all true no"
    yName="found, of all true yes"
    height=${300}
    range=${SHARES}
    xRange=${SHARES}
    x=${points.map((point) => point.false_positive_rate)}
    series=${[
      ...drawn.map((one, side) => ({
        name: drawn.length > 1 ? one.version.slice(0, 6) : "this version",
        values: points.map((point) => (point.side === side ? point.true_positive_rate : null)),
        joined: true,
        text: percentText,
      })),
      { name: "guessing", values: points.map((point) => point.false_positive_rate), colour: 4, dashed: true, text: percentText },
      { name: "yes from", values: points.map((point) => point.threshold), inTable: true, text: percentText },
    ]}
  />`;
}

/** @param {{sides: Curves[]}} given */
export function CalibrationChart({ sides }) {
  const bins = sides.flatMap((one, side) => one.calibration.map((bin) => ({ side, ...bin })));
  if (bins.length === 0) return html`<p class="empty">No row was held out: there is no calibration curve.</p>`;
  bins.sort((a, b) => a.probability - b.probability || a.side - b.side);
  const of = (/** @type {number} */ side, /** @type {keyof Curves["calibration"][number]["share"]} */ part) => bins.map((bin) => (bin.side === side ? bin.share[part] : null));
  return html`<${Chart}
    title="Calibration curve"
    xName="probability that was given"
    yName="share with the outcome"
    height=${300}
    range=${SHARES}
    xRange=${SHARES}
    x=${bins.map((bin) => bin.probability)}
    series=${[
      ...sides.map((one, side) => ({
        name: sides.length > 1 ? one.version.slice(0, 6) : "this version",
        values: of(side, "value"),
        low: of(side, "low"),
        high: of(side, "high"),
        joined: true,
        points: true,
        text: percentText,
      })),
      { name: "right", values: bins.map((bin) => bin.probability), colour: 4, dashed: true, text: percentText },
      { name: "rows", values: bins.map((bin) => bin.rows), inTable: true },
    ]}
  />`;
}
