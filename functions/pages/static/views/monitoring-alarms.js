/** What is wrong, since when, and what to do: in words. */
import { html } from "../html.js";
import { GoodNotice, Notice } from "../parts/notice.js";
import { fieldText, metricName, numberText, percentText, timeText } from "../words.js";

/**
 * @typedef {import("../api.js").Answered<"Report">} Report
 * @typedef {{what: string, details: string[], todo: string, is: (report: Report) => boolean}} Alarm
 */

/** @param {{reports: Report[]}} given reports: newest first */
export function Alarms({ reports }) {
  const found = alarmsOf(reports[0]);
  const unjudged = unjudgedOf(reports[0]);
  if (found.length === 0 && unjudged.length > 0) {
    return html`<${Notice} kind="mixed">
      <p>No alarm, as of ${timeText(reports[0].at)}; but not everything could be judged yet:</p>
      <ul>${unjudged.map((text) => html`<li>${text}</li>`)}</ul>
    <//>`;
  }
  if (found.length === 0) return html`<${GoodNotice}><p>Nothing is wrong, as of ${timeText(reports[0].at)}.</p><//>`;
  return html`<section class="card">
    <h2>What is wrong</h2>
    ${found.map(
      (alarm) => html`<div key=${alarm.what} class="notice alarm">
        <h3>${alarm.what}</h3>
        ${alarm.details.map((text) => html`<p>${text}</p>`)}
        <p>${sinceText(reports, alarm)}</p>
        <p><b>What to do:</b> ${alarm.todo}</p>
      </div>`,
    )}
  </section>`;
}

/**
 * What no alarm means nothing about: it was not judged, in words that say what is lacking.
 * @param {Report} report the last one
 */
function unjudgedOf({ counted, drift, live }) {
  return [
    !drift && `Whether what is asked has changed: ${numberText(counted.rows)} ${counted.rows === 1 ? "prediction is" : "predictions are"} too few to tell.`,
    !live.quality && `Whether the answers are right: ${live.labels === 0 ? "no outcome was told" : `${numberText(live.labels)} ${live.labels === 1 ? "outcome is" : "outcomes are"} too few`}. Tell what really happened on the page Label.`,
  ].filter((text) => text !== false);
}

/**
 * @param {Report} report the last one
 * @returns {Alarm[]}
 */
function alarmsOf({ drift, live, refused, training, damaged_lines }) {
  /** @type {Alarm[]} */
  const alarms = [];
  if (drift && drift.drifted.length > 0) {
    const names = drift.drifted.map(fieldText).join(", ");
    alarms.push({
      what: drift.confirmed ? "What is asked has changed" : "What is asked may have changed",
      details: [
        `Spread otherwise than what the version in service learned from: ${names}. ${drift.confirmed ? `Seen in ${numberText(drift.in_a_row)} windows in a row: that is hardly chance.` : "Seen in one window, which may be chance: the next one will tell."}`,
      ],
      todo: "see below how each value has changed, and ask whoever sends the rows whether that is right. If it is, tell what really happened to some of the new predictions (page Label) and train on them.",
      is: (/** @type {Report} */ report) => (report.drift?.drifted.length ?? 0) > 0,
    });
  }
  if (drift && drift.data.alarms.length > 0) {
    alarms.push({
      what: "The data that comes in is not as it was",
      details: drift.data.alarms,
      todo: "ask whoever sends the rows: mostly a client has begun to send something else.",
      is: (/** @type {Report} */ report) => (report.drift?.data.alarms.length ?? 0) > 0,
    });
  }
  if (live.fallen.length > 0) {
    alarms.push({
      what: "The version in service answers worse than it did when it was made",
      details: [`Worse than on the rows it was measured on when it was made, and not by chance: ${live.fallen.map(metricName).join(", ")}.`],
      todo: "train a new version on what was told since, or roll back to an earlier one on the page Models if the fall began with the last promotion.",
      is: (/** @type {Report} */ report) => report.live.fallen.length > 0,
    });
  }
  if (refused?.alarm) {
    const faults = Object.entries(refused.fields).sort((a, b) => Number(b[1]) - Number(a[1]));
    alarms.push({
      what: "Many rows are refused because they do not fit",
      details: [
        `${percentText(refused.share)} of ${numberText(refused.rows)} rows${refused.limit === null || refused.limit === undefined ? "" : `, where up to ${percentText(refused.limit)} is no alarm`}. At fault: ${faults.map(([name, times]) => `${fieldText(name)} (${numberText(Number(times))} times)`).join(", ")}.`,
      ],
      todo: "tell whoever sends them: every answer says which value does not fit, and why.",
      is: (/** @type {Report} */ report) => report.refused?.alarm ?? false,
    });
  }
  if (training.outcome === "held") {
    alarms.push({
      what: "A training is due and has to wait",
      details: [`Because ${training.why}.`],
      todo: "nothing, if it is only a matter of time: the monitor tries again every hour. If a dataset is lost, upload it again.",
      is: (/** @type {Report} */ report) => report.training.outcome === "held",
    });
  }
  if (damaged_lines > 0) {
    alarms.push({
      what: `${numberText(damaged_lines)} lines of the prediction log cannot be read`,
      details: ["They count nowhere."],
      todo: "see the log of the monitor function for which object they are in.",
      is: (/** @type {Report} */ report) => report.damaged_lines > 0,
    });
  }
  return alarms;
}

/**
 * Since the first of the reports in a row that say so, of one champion.
 * @param {Report[]} reports newest first
 * @param {Alarm} alarm
 */
function sinceText(reports, { is }) {
  const champion = reports[0].champion;
  const end = reports.findIndex((report) => report.champion !== champion || !is(report));
  const first = reports[end === -1 ? reports.length - 1 : end - 1];
  return `Since ${timeText(first.at)}${end === -1 && reports.length > 1 ? ", or longer" : ""}.`;
}
