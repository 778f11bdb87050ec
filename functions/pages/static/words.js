/** How values are written for people. */

// So many tell any two numbers of single precision apart.
const SINGLE_DIGITS = 9;

/** @param {unknown} value */
export function valueText(value) {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return numberText(value);
  return String(value);
}

/**
 * A value of a row, as it was sent: no digit less, and none that only single precision, in which models and the log
 * keep it, has put behind it (110.8833 comes back as 110.88330078125).
 * @param {unknown} value
 */
export function givenText(value) {
  if (typeof value !== "number") return valueText(value);
  if (Number.isInteger(value) || Math.fround(value) !== value) return String(value);
  // The shortest number that single precision keeps as this one.
  for (let digits = 1; digits < SINGLE_DIGITS; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(SINGLE_DIGITS)));
}

/** @param {number} value */
export function numberText(value) {
  return Number.isInteger(value) ? value.toLocaleString("en") : Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 });
}

/** @param {number} share */
export const percentText = (share) => `${(100 * share).toFixed(1)} %`;

/** @type {Intl.DateTimeFormatOptions} */
const MOMENT = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };

/** @param {string} name */
export const fieldText = (name) => name.replace(/[_.-]+/g, " ");

/**
 * A moment by this browser's clock, with its time zone: "28 Nov 2026, 09:25 CET".
 * @param {string | null | undefined} time ISO 8601
 */
export function timeText(time) {
  if (!time) return "—";
  const date = new Date(time);
  if (Number.isNaN(date.valueOf())) return time;
  // In a narrow column a line ends between day and hour, not within them.
  return date.toLocaleString("en-GB", MOMENT).replaceAll(" ", "\u00A0").replace(",\u00A0", ", ");
}

/**
 * How long something has taken: "1 second", "75 seconds", "3 minutes".
 * @param {number} milliseconds
 */
export function durationText(milliseconds) {
  const seconds = Math.round(milliseconds / 1_000);
  const [count, unit] = seconds < 120 ? [seconds, "second"] : [Math.round(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** @param {string} day ISO 8601 */
export const dayText = (day) => new Date(`${day}T00:00:00Z`).toLocaleDateString("en-GB", { dateStyle: "medium", timeZone: "UTC" });

/** @param {number} bytes */
export function sizeText(bytes) {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/**
 * What a schema says of its target: the field, and the value that counts as yes.
 * @param {Record<string, unknown>} schema
 * @returns {{field: string, positive: unknown}}
 */
export function targetOf({ target }) {
  // A short form is the name alone.
  return typeof target === "string" ? { field: target, positive: true } : /** @type {any} */ (target);
}

/**
 * What a target's value means in a sentence: "survived: yes".
 * @param {{name: string}} target
 * @param {unknown} value
 */
export const outcomeText = (target, value) => `${fieldText(target.name)}: ${valueText(value)}`;

/** @type {[string, string][]} */
const METRICS = [["roc_auc", "ROC AUC"], ["log_loss", "log loss"], ["brier", "Brier score"]];

/**
 * What people call a figure: "log loss", "ROC AUC of the one in service".
 * @param {string} name
 */
export function metricName(name) {
  const [known, text] = METRICS.find(([one]) => name === one || name.startsWith(`${one}_`)) || ["", ""];
  const said = known ? text + fieldText(name.slice(known.length)) : fieldText(name);
  // What programs call the version in service.
  return said.replace(/\bof champion\b/, "of the one in service").replace(/\bthan champion\b/, "than the one in service");
}

/**
 * What people call a group of rows: "sex: female".
 * @param {string} group as in `slices` of a manifest: a condition on a field
 */
export function groupText(group) {
  const [, name, sign, value] = group.match(/^([^=<>]+)(=|<=?|>=?)(.*)$/) || [];
  return name ? `${fieldText(name)}${sign === "=" ? ":" : ` ${sign}`} ${value}` : group;
}

/** @param {import("./api.js").Schemas["Interval"] | null | undefined} interval */
export const intervalText = (interval) =>
  interval ? `${interval.value.toFixed(3)} (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})` : "—";

/**
 * The name of a file, without the folders of its key, and without what these pages put behind it when they compressed it.
 * @param {string} key
 */
export const fileText = (key) => (key.split("/").at(-1) || key).replace(/\.csv\.gz$/i, ".csv");

/**
 * A reason as a sentence of its own.
 * @param {string} text
 */
export const sentenceText = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;

/**
 * What became of a version, in words.
 * @param {{in_service: boolean, abandoned: string | null, decision: {promote: boolean} | null | undefined}} version
 */
export function stateOf({ in_service, abandoned, decision }) {
  if (in_service) return "in service";
  if (abandoned) return `taken out of service: ${abandoned}`;
  if (!decision) return "not in service";
  return decision.promote ? "good enough for service; another is in service" : "kept out of service";
}
