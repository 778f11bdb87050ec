/** How much is asked, how long it takes, and what is refused. */
import { useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { Chart } from "../parts/chart.js";
import { Explained } from "../parts/explained.js";
import { Empty, WhenLoaded } from "../parts/notice.js";
import { fieldText, numberText, percentText, timeText } from "../words.js";

const HOUR_MS = 3_600_000;
const SPANS = [1, 7, 14];
// As many as there are colours.
const MAX_VERSIONS = 3;

/**
 * @typedef {import("../api.js").Answered<"HourOfTraffic">} Hour
 * @typedef {import("../api.js").Answered<"Report">} Report
 */

/** @param {{model: string}} given */
export function Traffic({ model }) {
  const [days, setDays] = useState(7);
  const loaded = useLoaded((signal) => ask(`${pathOf(model)}/monitoring/traffic?days=${days}`, { signal }), [model, days]);
  return html`<section class="card">
    <h2>What is asked, hour by hour</h2>
    <p class="actions">
      ${SPANS.map(
        (span) => html`<button type="button" aria-pressed=${span === days} class=${span === days ? "primary" : ""} onClick=${() => setDays(span)}>${span === 1 ? "a day" : `${span} days`}</button>`,
      )}
    </p>
    <${WhenLoaded} loaded=${loaded} what="the traffic">
      ${(/** @type {{until: string, hours: Hour[]}} */ { until, hours }) =>
        hours.length === 0
          ? html`<${Empty}>Nothing was asked in this time, as far as the monitor has read the log: until ${timeText(until)}.<//>`
          : html`<${Hours} hours=${everyHour(hours)} />
              <p class="hint">
                Counted from the prediction log, which the monitor has read until ${timeText(until)}.
              </p>
              <details>
                <summary>What is not counted here</summary>
                <p class="hint">
                  Requests that failed (5xx) or were turned away (401, 403), and the time that network, gateway and cold start take: in AWS they are on the
                  ${" "}dashboard in CloudWatch. Where only a share of the predictions is logged (LIFEBOAT_LOGGED_SHARE), these counts are of that share.
                </p>
              </details>
              <${Explained} terms=${["median"]} />`}
    <//>
  </section>`;
}

/** @param {{hours: Hour[]}} given */
function Hours({ hours }) {
  const x = hours.map((one) => Date.parse(one.hour));
  const total = (/** @type {string} */ version) => hours.reduce((sum, one) => sum + (one.versions[version] || 0), 0);
  const versions = [...new Set(hours.flatMap((one) => Object.keys(one.versions)))].sort((a, b) => total(b) - total(a));
  const shown = versions.slice(0, MAX_VERSIONS);
  const isTimed = hours.some((one) => one.median_ms !== null);
  return html`<div class="columns">
    <${Chart} title="Predictions in an hour" xName="Hour" times=${true} x=${x} series=${[{ name: "predictions", values: hours.map((one) => one.predictions), bars: true }]} />
    ${versions.length > 1 &&
    html`<${Chart}
      title=${versions.length > MAX_VERSIONS ? `Predictions by version, the ${MAX_VERSIONS} asked most` : "Predictions by version"}
      xName="Hour"
      times=${true}
      x=${x}
      series=${shown.map((version) => ({ name: version.slice(0, 6), values: hours.map((one) => one.versions[version] || 0), points: true }))}
    />`}
    <${Chart} title="Rows refused in an hour" xName="Hour" times=${true} x=${x} series=${[{ name: "refused rows", values: hours.map((one) => one.refused), bars: true, colour: 2 }]} />
    ${isTimed
      ? html`<${Chart}
          title="How long a request takes, in milliseconds"
          xName="Hour"
          times=${true}
          x=${x}
          series=${[
            { name: "half of them, at most", values: hours.map((one) => one.median_ms), points: true },
            { name: "95 % of them, at most", values: hours.map((one) => one.p95_ms), points: true, dashed: true },
          ]}
        />`
      : html`<p class="hint">The log does not say how long these requests took: in AWS that is in CloudWatch.</p>`}
  </div>`;
}

/**
 * The hours with those between them in which nothing was asked, and one on each side.
 * @param {Hour[]} hours
 * @returns {Hour[]}
 */
function everyHour(hours) {
  const known = new Map(hours.map((one) => [Date.parse(one.hour), one]));
  const first = Math.min(...known.keys()) - HOUR_MS;
  const count = (Math.max(...known.keys()) - first) / HOUR_MS + 2;
  return Array.from({ length: count }, (_, index) => {
    const at = first + index * HOUR_MS;
    return known.get(at) || { hour: new Date(at).toISOString(), predictions: 0, versions: {}, refused: 0, median_ms: null, p95_ms: null };
  });
}

/** @param {{reports: Report[]}} given reports: newest first */
export function Refusals({ reports }) {
  const { refused } = reports[0];
  const judged = reports.flatMap(({ refused: one }, index) => (one && one.at !== reports[index + 1]?.refused?.at ? [one] : [])).reverse();
  if (!refused) return html`<section class="card"><h2>Refused rows</h2><${Empty}>Too few rows were asked about so far to judge how many are refused.<//></section>`;
  const names = Object.keys(refused.fields).sort((a, b) => refused.fields[b] - refused.fields[a]);
  return html`<section class="card">
    <h2>Refused rows</h2>
    <p>
      ${numberText(refused.refused)} of ${numberText(refused.rows)} rows were refused because they do not fit: ${percentText(refused.share)}
      ${typeof refused.limit === "number" ? `, where up to ${percentText(refused.limit)} is no alarm` : ""}. Judged ${timeText(refused.at)}.
    </p>
    <div class="columns">
      ${names.length > 0 &&
      html`<${Chart}
        title="How often each value was at fault"
        xName="Value"
        x=${names.map((_, index) => index)}
        xTexts=${names.map((name) => (name === "other" ? "other: unknown names, whole rows" : fieldText(name)))}
        series=${[{ name: "times at fault", values: names.map((name) => refused.fields[name]), bars: true, colour: 2 }]}
      />`}
      ${judged.length > 1 &&
      html`<${Chart}
        title="Share refused, over time"
        xName="When"
        times=${true}
        x=${judged.map(({ at }) => Date.parse(at))}
        series=${[
          { name: "share refused", values: judged.map(({ share }) => share), points: true, text: percentText },
          { name: "the line it must stay under", values: judged.map(({ limit }) => limit), colour: 2, dashed: true, text: percentText },
        ]}
      />`}
    </div>
  </section>`;
}
