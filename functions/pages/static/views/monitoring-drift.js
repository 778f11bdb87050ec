/** How far what is asked is from what the champion learned: each value then and now, and over time. */
import { useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { Chart } from "../parts/chart.js";
import { Explained } from "../parts/explained.js";
import { Empty } from "../parts/notice.js";
import { Spread } from "../parts/spread.js";
import { fieldText, numberText, percentText, timeText } from "../words.js";

// Charts that are shown without being asked for: a table may have hundreds of values.
const SHOWN = 4;
const LINE = "the line it must stay under";

/**
 * @typedef {import("../api.js").Answered<"Report">} Report
 * @typedef {import("../api.js").Answered<"Distribution">} Distribution
 */

/** @param {{model: string, reports: Report[]}} given reports: newest first */
export function Drift({ model, reports }) {
  const { drift, champion } = reports[0];
  const [all, setAll] = useState(false);
  // What it learned from is in its manifest; without that the figures still stand.
  const manifest = useLoaded((signal) => ask(`${pathOf(model)}/versions/${champion}`, { signal }), [model, champion]);
  if (!drift) {
    return html`<section class="card"><h2>How far what is asked is from what it learned</h2><${Empty}>Too few predictions of the version in service so far to be judged.<//></section>`;
  }
  const names = Object.keys(drift.features).sort((a, b) => drift.features[b].psi - drift.features[a].psi);
  const limit = drift.limits?.min_psi ?? null;
  const shown = all ? names : names.slice(0, Math.max(SHOWN, drift.drifted.length));
  return html`<section class="card">
    <h2>How far what is asked is from what it learned</h2>
    <p>
      ${numberText(drift.rows)} predictions, ${timeText(drift.first)} to ${timeText(drift.last)}, beside the rows that the version in service learned from.
      ${" "}${drift.drifted.length > 0 ? html`Different: <b>${drift.drifted.map(fieldText).join(", ")}</b>.` : "Nothing is different by more than chance and the line."}
    </p>
    <${Chart}
      title="Population stability index (PSI) of each value"
      xName="Value"
      x=${names.map((_, index) => index)}
      xTexts=${names.map(fieldText)}
      series=${[
        { name: "PSI", values: names.map((name) => drift.features[name].psi), bars: true },
        ...(limit === null ? [] : [{ name: LINE, values: names.map(() => limit), colour: /** @type {2} */ (2), dashed: true }]),
      ]}
    />
    ${drift.limits &&
    html`<p class="hint">
      A value raises an alarm from a PSI of ${numberText(drift.limits.min_psi)} on, in ${numberText(drift.limits.min_rows)} predictions or more, if chance would do that to any of
      ${" "}them in fewer than ${percentText(drift.limits.alpha)} of windows.
    </p>`}
    <${Explained} terms=${["PSI", "drift", "window"]} />
    ${shown.map(
      (name) => html`<${Feature} key=${name} name=${name} drift=${drift} reports=${reports} reference=${manifest.value?.reference[name] || null} isKnown=${!manifest.error} />`,
    )}
    ${names.length > shown.length && html`<p class="actions"><button type="button" onClick=${() => setAll(true)}>Show the other ${names.length - shown.length} values</button></p>`}
  </section>`;
}

/** @param {{name: string, drift: NonNullable<Report["drift"]>, reports: Report[], reference: Distribution | null, isKnown: boolean}} given */
function Feature({ name, drift, reports, reference, isKnown }) {
  const found = drift.features[name];
  const missing = drift.data.features[name];
  return html`<h3>${name === "probability" ? "probability (the answers)" : fieldText(name)}: PSI ${numberText(found.psi)}${found.alarm ? ", different" : ""}</h3>
    ${missing &&
    Math.abs(missing.missing - missing.missing_in_dataset) >= 0.005 &&
    html`<p class="hint">Not given in ${percentText(missing.missing)} of rows, in ${percentText(missing.missing_in_dataset)} of those it learned from.</p>`}
    <div class="columns">
      ${reference && found.counts
        ? html`<${ThenAndNow} name=${name} reference=${reference} counts=${found.counts} />`
        : html`<p class="hint">${isKnown && !found.counts ? "This report was written by a release that did not keep how the values were spread: the next window has it." : ""}</p>`}
      <${InTime} reports=${reports} name=${name} />
    </div>`;
}

/** @param {{name: string, reference: Distribution, counts: number[]}} given */
function ThenAndNow({ name, reference, counts }) {
  const shares = (/** @type {number[]} */ rows) => {
    const all = rows.reduce((sum, count) => sum + count, 0) || 1;
    return rows.map((count) => count / all);
  };
  return html`<${Spread}
    title=${`${fieldText(name)}: share of rows, then and now`}
    height=${200}
    bins=${reference}
    series=${[
      { name: "learned from", values: shares(reference.counts), bars: true, text: percentText },
      { name: "asked now", values: shares(counts), bars: true, text: percentText },
    ]}
  />`;
}

/** @param {{reports: Report[], name: string}} given reports: newest first */
function InTime({ reports, name }) {
  // A report repeats what was said of the last complete window until there is another.
  const windows = reports
    .flatMap(({ drift }, index) => (drift?.features[name] && drift.last !== reports[index + 1]?.drift?.last ? [drift] : []))
    .reverse();
  if (windows.length < 2) return html`<p class="hint">One window so far: how it goes on will stand here.</p>`;
  return html`<${Chart}
    title=${`${fieldText(name)}: PSI, window by window`}
    xName="When"
    times=${true}
    height=${200}
    x=${windows.map(({ last }) => Date.parse(last || ""))}
    series=${[
      { name: "PSI", values: windows.map(({ features }) => features[name].psi), points: true },
      { name: LINE, values: windows.map(({ limits }) => limits?.min_psi ?? null), colour: 2, dashed: true },
      { name: "rows", values: windows.map(({ rows }) => rows), inTable: true },
    ]}
  />`;
}
