/** One dataset: what is in it, what it was made of and grew into, and what of it could not be used. */
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { Chart } from "../parts/chart.js";
import { Figure, Figures } from "../parts/figures.js";
import { Fingerprint } from "../parts/fingerprint.js";
import { WhenLoaded } from "../parts/notice.js";
import { Spread } from "../parts/spread.js";
import { LeftOut } from "../parts/left-out.js";
import { uploaderText } from "../people.js";
import { linkTo } from "../routing.js";
import { fieldText, fileText, numberText, percentText, targetOf, timeText } from "../words.js";

/** @typedef {import("./data.js").Dataset} Dataset */
/** @typedef {{dataset: Dataset, manifest: import("../api.js").Answered<"Manifest"> | null, reading: import("../parts/left-out.js").Reading | null}} Found */

/** @param {{model: string, id: string}} given */
export function DatasetPage({ model, id }) {
  const loaded = useLoaded((signal) => read(model, id, signal), [model, id]);
  return html`<p class="trail"><a href=${linkTo(model, "data")}>Data</a> › dataset</p>
    <${WhenLoaded} loaded=${loaded} what="the dataset">
      ${(/** @type {Found} */ found) => html`<h1>${fileText(found.dataset.facts.key)}</h1><${Contents} model=${model} found=${found} />`}
    <//>`;
}

/**
 * @param {string} model
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Found>}
 */
async function read(model, id, signal) {
  const dataset = await ask(`${pathOf(model)}/datasets/${encodeURIComponent(id)}`, { signal });
  const version = dataset.models.at(-1);
  const [manifest, page] = await Promise.all([
    version ? ask(`${pathOf(model)}/versions/${version}`, { signal }) : null,
    ask(`${pathOf(model)}/uploads?limit=100`, { signal }),
  ]);
  const upload = page.uploads.find((/** @type {import("../parts/training.js").Upload} */ one) => one.dataset === id && one.reading);
  return { dataset, manifest, reading: upload?.reading ?? null };
}

/** @param {{model: string, found: Found}} given */
function Contents({ model, found: { dataset, manifest, reading } }) {
  const { facts } = dataset;
  return html`<section class="card">
      <h2>What is in it</h2>
      <${Figures}>
        <${Figure} name="Rows" note=${`${numberText(facts.train_rows)} to learn from, ${numberText(facts.holdout_rows)} held out`}>${numberText(facts.rows)}<//>
        <${Figure} name="Yes" note=${`${numberText(facts.positives)} rows`}>${percentText(facts.positives / Math.max(1, facts.rows))}<//>
        <${Figure} name="Left out" note="rows that do not fit">${numberText(facts.rejected_rows)}<//>
        <${Figure} name="Uploaded" note=${facts.uploaded_by || facts.lineage ? `by ${uploaderText(facts)}` : uploaderText(facts)}>${timeText(facts.uploaded_at)}<//>
      <//>
    </section>
    <div class="columns">
      <section class="card"><h2>Where it comes from, and where it went</h2><${Family} model=${model} dataset=${dataset} /></section>
      <section class="card"><h2>Outcomes</h2><${Balance} facts=${facts} manifest=${manifest} /></section>
    </div>
    <section class="card">
      <h2>What could not be used</h2>
      <${LeftOut} reading=${reading} rejected=${facts.rejected_rows} columns=${facts.columns} />
    </section>
    ${manifest && html`<section class="card"><h2>What the values are</h2><${Distributions} reference=${manifest.reference} /></section>`}`;
}

/** @param {{model: string, dataset: Dataset}} given */
function Family({ model, dataset: { facts, models, grew_into, models_of_those } }) {
  const versions = (/** @type {string[]} */ names) =>
    html`<ul class="plain">${names.map((name) => html`<li key=${name}><a href=${linkTo(model, "models", name)}><code>${name}</code></a></li>`)}</ul>`;
  return html`<dl class="pairs">
    <dt>Made of</dt>
    <dd>${facts.lineage
      ? html`<a href=${linkTo(model, "data", facts.lineage.reference_sha256.slice(0, 16))}>${fileText(facts.lineage.reference_key)}</a> and ${numberText(facts.lineage.labels)} predictions whose outcome was told (${facts.lineage.reason})`
      : "the uploaded file alone"}</dd>
    <dt>Versions made from it</dt><dd>${models.length > 0 ? versions(models) : "none"}</dd>
    <dt>Grew into</dt>
    <dd>${grew_into.length > 0
      ? html`<ul class="plain">${grew_into.map((id) => html`<li key=${id}><a href=${linkTo(model, "data", id)}>dataset <code>${id}</code></a></li>`)}</ul>`
      : "nothing yet: the monitor adds outcomes that people tell"}</dd>
    ${models_of_those.length > 0 && html`<dt>Versions made from those</dt><dd>${versions(models_of_those)}</dd>`}
    <dt>Where it lies in the store</dt><dd><code>${facts.key}</code></dd>
  </dl>
  <${Fingerprint} sha256=${facts.sha256} />`;
}

/** @param {{facts: import("./data.js").Facts, manifest: import("../api.js").Answered<"Manifest"> | null}} given */
function Balance({ facts, manifest }) {
  const name = manifest ? fieldText(targetOf(manifest.schema).field) : "outcome";
  return html`<${Chart}
    title=${`Rows by ${name}`}
    xName=${name}
    x=${[0, 1]}
    xTexts=${["no", "yes"]}
    series=${[{ name: "rows", values: [facts.rows - facts.positives, facts.positives], bars: true }]}
  />`;
}

/** @param {{reference: import("../api.js").Answered<"Manifest">["reference"]}} given */
function Distributions({ reference }) {
  // That of the probability is the model's, not the table's.
  const columns = Object.entries(reference).filter(([name]) => name !== "probability");
  return html`<div class="columns">
    ${columns.map(
      ([name, bins]) => html`<${Spread} key=${name} title=${fieldText(name)} xName=${fieldText(name)} bins=${bins} series=${[{ name: "rows", values: bins.counts, bars: true }]} />`,
    )}
  </div>`;
}
