/** How values are written for people. */

/** @param {unknown} value */
export function valueText(value) {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return numberText(value);
  return String(value);
}

/** @param {number} value */
export function numberText(value) {
  return Number.isInteger(value) ? value.toLocaleString("en") : Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 });
}

/** @param {number} share */
export const percentText = (share) => `${(100 * share).toFixed(1)} %`;

/** @param {string} name */
export const fieldText = (name) => name.replace(/[_.-]+/g, " ");

/** @param {string | null | undefined} time ISO 8601 */
export function timeText(time) {
  if (!time) return "—";
  const date = new Date(time);
  return Number.isNaN(date.valueOf()) ? time : date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** @param {number} bytes */
export function sizeText(bytes) {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/**
 * What a target's value means in a sentence: "survived: yes".
 * @param {{name: string}} target
 * @param {unknown} value
 */
export const outcomeText = (target, value) => `${fieldText(target.name)}: ${valueText(value)}`;

const METRICS = { roc_auc: "ROC AUC", log_loss: "log loss", brier: "Brier score" };

/** @param {string} name */
export const metricName = (name) => METRICS[/** @type {keyof typeof METRICS} */ (name)] || fieldText(name);

/** @param {import("./api.js").Schemas["Interval"] | null | undefined} interval */
export const intervalText = (interval) =>
  interval ? `${interval.value.toFixed(3)} (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})` : "—";
