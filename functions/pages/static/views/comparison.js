/** Two versions side by side: their figures, and the rows on which they disagree. */
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { CalibrationChart, RocChart } from "../parts/curves.js";
import { Explained } from "../parts/explained.js";
import { Empty, WhenLoaded } from "../parts/notice.js";
import { Rows } from "../parts/rows.js";
import { linkTo } from "../routing.js";
import { intervalText, metricName, numberText, percentText, valueText } from "../words.js";

/** @typedef {import("../api.js").Answered<"Comparison">} Compared */
/** @typedef {Compared["rows"][number]} Row */

/** @param {{model: string, left: string, right: string}} given */
export function Comparison({ model, left, right }) {
  const path = `${pathOf(model)}/compare?${new URLSearchParams({ left, right })}`;
  const loaded = useLoaded((signal) => ask(path, { signal }), [path]);
  return html`<p class="trail"><a href=${linkTo(model, "models")}>Models</a> › comparison</p>
    <h1>Two versions of ${model}</h1>
    <${WhenLoaded} loaded=${loaded} what="the comparison">${(/** @type {Compared} */ compared) => html`<${Compared} model=${model} compared=${compared} />`}<//>`;
}

/** @param {{model: string, compared: Compared}} given */
function Compared({ model, compared }) {
  const sides = [compared.left, compared.right];
  const heads = sides.map((version) => html`<th scope="col" class="figure"><a href=${linkTo(model, "models", version)}><code>${version}</code></a></th>`);
  return html`<div class="columns">
      <section class="card">
        <h2>Each on its own holdout</h2>
        <div class="scroll" tabindex="0" role="region" aria-label="Metrics, each on its own holdout"><table>
          <thead><tr><th scope="col">Metric</th>${heads}</tr></thead>
          <tbody>${Object.entries(compared.metrics).map(([name, pair]) => html`<tr key=${name}><th scope="row">${metricName(name)}</th><td class="figure">${intervalText(pair.left)}</td><td class="figure">${intervalText(pair.right)}</td></tr>`)}</tbody>
        </table></div>
      </section>
      <section class="card">
        <h2>On the ${numberText(compared.shared_rows)} rows that both held out</h2>
        <div class="scroll" tabindex="0" role="region" aria-label="Metrics on the shared rows"><table>
          <thead><tr><th scope="col">Metric</th>${heads}</tr></thead>
          <tbody>${Object.entries(compared.on_shared_rows).map(([name, pair]) => html`<tr key=${name}><th scope="row">${metricName(name)}</th><td class="figure">${valueText(pair.left)}</td><td class="figure">${valueText(pair.right)}</td></tr>`)}</tbody>
        </table></div>
      </section>
    </div>
    <section class="card">
      <h2>Their curves, each on its own holdout</h2>
      <${BothCurves} model=${model} sides=${sides} />
    </section>
    <section class="card">
      <h2>Where they disagree</h2>
      ${compared.rows.length === 0
        ? html`<${Empty}>They give the same answer to every row that both held out.<//>`
        : html`<p>${numberText(compared.disagreements)} rows; the farthest apart come first.</p>
            <${Rows}
              caption="Rows on which the two versions disagree"
              rows=${compared.rows}
              columns=${[
                { name: "What happened", cell: (/** @type {Row} */ row) => (row.outcome ? "yes" : "no") },
                { name: sides[0].slice(0, 6), figure: true, cell: (/** @type {Row} */ row) => percentText(row.left) },
                { name: sides[1].slice(0, 6), figure: true, cell: (/** @type {Row} */ row) => percentText(row.right) },
                ...Object.keys(compared.rows[0].row).map((name) => ({ name, cell: (/** @type {Row} */ row) => valueText(row.row[name]) })),
              ]}
            />`}
    </section>`;
}

/** @param {{model: string, sides: string[]}} given */
function BothCurves({ model, sides }) {
  const loaded = useLoaded(
    (signal) => Promise.all(sides.map((version) => ask(`${pathOf(model)}/versions/${encodeURIComponent(version)}/curves`, { signal }))),
    [model, ...sides],
  );
  return html`<${WhenLoaded} loaded=${loaded} what="the curves">
    ${(/** @type {import("../parts/curves.js").Curves[]} */ curves) => html`<div class="columns">
        <${RocChart} sides=${curves} /><${CalibrationChart} sides=${curves} />
      </div>
      <${Explained} terms=${["ROC curve", "calibration curve", "ROC AUC", "log loss"]} />`}
  <//>`;
}
