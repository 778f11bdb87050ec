/** The tables that models are made from: all of them, one of them, uploads, and a new model from a file. */
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { Empty, WhenLoaded } from "../parts/notice.js";
import { linkTo } from "../routing.js";
import { may } from "../session.js";
import { fileText, numberText, percentText, timeText, uploaderText } from "../words.js";
import { DatasetPage } from "./dataset.js";
import { NewModel } from "./new-model.js";
import { Uploads } from "./uploads.js";

/**
 * @typedef {import("../api.js").Answered<"DatasetFacts">} Facts
 * @typedef {import("../api.js").Answered<"Dataset">} Dataset
 * @typedef {import("../api.js").Answered<"Catalog">} Catalog
 */

/** @param {{model: string, rest: string[]}} given */
export function Data({ model, rest }) {
  const [first] = rest;
  if (first === "new" && may("admin")) return html`<${NewModel} from=${model} />`;
  if (first) return html`<${DatasetPage} model=${model} id=${first} />`;
  return html`<${Overview} model=${model} />`;
}

/** @param {{model: string}} given */
function Overview({ model }) {
  const catalog = useLoaded((signal) => ask(`${pathOf(model)}/datasets`, { signal }), [model]);
  return html`<h1>Data of ${model}</h1>
    ${may("admin") && html`<p class="actions"><a class="button" href=${linkTo(model, "data", "new")}>Make a new model from a file</a></p>`}
    <${Uploads} model=${model} changed=${catalog.again} />
    <section class="card">
      <h2>Datasets that versions were made from</h2>
      <${WhenLoaded} loaded=${catalog} what="the datasets">
        ${(/** @type {Catalog} */ found) => html`<${Datasets} model=${model} catalog=${found} />`}
      <//>
    </section>`;
}

/** @param {{model: string, catalog: Catalog}} given */
function Datasets({ model, catalog }) {
  if (catalog.datasets.length === 0) return html`<${Empty}>None yet. A dataset stands here once a version was trained on it.<//>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Datasets">
      <table>
        <caption class="for-readers">Datasets, newest first</caption>
        <thead>
          <tr><th scope="col">File</th><th scope="col">Uploaded</th><th scope="col">By</th><th scope="col" class="figure">Rows</th><th scope="col" class="figure">Yes</th><th scope="col" class="figure">Left out</th><th scope="col">Made of</th><th scope="col">Versions</th></tr>
        </thead>
        <tbody>
          ${catalog.datasets.map(
            ({ id, facts, models }) => html`<tr key=${id}>
              <th scope="row"><a href=${linkTo(model, "data", id)}>${fileText(facts.key)}</a></th>
              <td>${timeText(facts.uploaded_at)}</td>
              <td>${uploaderText(facts)}</td>
              <td class="figure">${numberText(facts.rows)}</td>
              <td class="figure">${percentText(facts.positives / Math.max(1, facts.rows))}</td>
              <td class="figure">${numberText(facts.rejected_rows)}</td>
              <td>${facts.lineage ? html`<a href=${linkTo(model, "data", facts.lineage.reference_sha256.slice(0, 16))}>${fileText(facts.lineage.reference_key)}</a>` : "a file"}</td>
              <td>${models.map((version) => html`<a key=${version} href=${linkTo(model, "models", version)}><code>${version}</code></a> `)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${catalog.damaged.length > 0 && html`<div class="notice bad"><p>The records of these versions are damaged, so their datasets are not listed: ${catalog.damaged.join(", ")}.</p></div>`}`;
}
