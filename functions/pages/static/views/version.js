/** One version: how good it is, what it was made from, and the proof that it is what was trained. To be printed, too. */
import { ApiError, ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { CardFiles } from "../parts/card-files.js";
import { CalibrationChart, RocChart } from "../parts/curves.js";
import { Explained } from "../parts/explained.js";
import { Figure, Figures } from "../parts/figures.js";
import { Fingerprint } from "../parts/fingerprint.js";
import { WhenLoaded } from "../parts/notice.js";
import { Probability } from "../parts/probability.js";
import { Spread } from "../parts/spread.js";
import { linkTo } from "../routing.js";
import { fieldText, groupText, metricName, numberText, percentText, sentenceText, stateOf, targetOf, timeText, valueText } from "../words.js";

/** @typedef {import("../api.js").Answered<"Manifest">} Manifest */

/** @param {{model: string, version: string}} given */
export function Version({ model, version }) {
  const path = `${pathOf(model)}/versions/${encodeURIComponent(version)}`;
  const loaded = useLoaded((signal) => ask(path, { signal }), [path]);
  return html`<p class="trail"><a href=${linkTo(model, "models")}>Models</a> › version</p>
    <h1>Version <code>${version}</code> of ${model}</h1>
    <${WhenLoaded} loaded=${loaded} what="the version">${(/** @type {Manifest} */ manifest) => html`<${Card} model=${model} path=${path} manifest=${manifest} />`}<//>`;
}

/** @param {{model: string, path: string, manifest: Manifest}} given */
function Card({ model, path, manifest }) {
  return html`<p class="actions"><button type="button" onClick=${() => print()}>Print this page</button>
      <${CardFiles} model=${model} version=${manifest.version} path=${path} /></p>
    <section class="card"><h2>What it is</h2><${Summary} model=${model} manifest=${manifest} /></section>
    <section class="card"><h2>Quality on rows held out</h2><${Quality} manifest=${manifest} /></section>
    <section class="card"><h2>How well it tells yes from no, and how right its probabilities are</h2><${Drawn} path=${path} /></section>
    <div class="columns">
      <section class="card"><h2>Where it is right and wrong</h2><${Confusion} manifest=${manifest} /></section>
      <section class="card"><h2>How many have the outcome</h2><${Balance} manifest=${manifest} /></section>
      <section class="card wide"><h2>Group by group</h2><${Groups} groups=${manifest.slices} /></section>
      <section class="card"><h2>Whether it is good enough</h2><${Decision} decision=${manifest.decision} /></section>
      <section class="card"><h2>Whether it answers as it was trained</h2><${Certificate} certificate=${manifest.certificate} /></section>
      <section class="card wide"><h2>What it was made from</h2><${Lineage} manifest=${manifest} /></section>
      <section class="card wide"><h2>How it was trained</h2><${Candidates} manifest=${manifest} /><${Parameters} manifest=${manifest} /></section>
      <section class="card wide"><h2>The rows it learned from</h2><${Distributions} reference=${manifest.reference} /></section>
    </div>`;
}

/** @param {{model: string, manifest: Manifest}} given */
function Summary({ model, manifest }) {
  const champion = useLoaded((signal) => readChampion(model, signal), [model]);
  const { dataset } = manifest;
  const used = manifest.signature.inputs.map((/** @type {{name: string}} */ one) => fieldText(one.name));
  const state = champion.value && stateText(manifest.version, champion.value, manifest.decision);
  return html`<p>
      A model of the kind <b>${manifest.model}</b> that says how probable <b>${targetText(manifest)}</b> is, from ${used.length} values: ${used.join(", ")}.
      It was trained on ${timeText(manifest.created_at)} with ${numberText(dataset.train_rows)} rows of <code>${dataset.key}</code>.
    </p>
    <p>State: <b>${state || (champion.error ? "not known" : "…")}</b></p>
    ${manifest.notes.map((/** @type {string} */ note) => html`<p class="hint">${note}</p>`)}`;
}

/**
 * Which version is in service, and which were abandoned; nothing where none is in service.
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<{version: string | null, promoted_at: string | null, abandoned: Record<string, string>}>}
 */
async function readChampion(model, signal) {
  try {
    return await ask(`${pathOf(model)}/champion`, { signal });
  } catch (error) {
    if (error instanceof ApiError && error.code === "NO_CHAMPION") return { version: null, promoted_at: null, abandoned: {} };
    throw error;
  }
}

/**
 * @param {string} version
 * @param {{version: string | null, promoted_at: string | null, abandoned: Record<string, string>}} champion
 * @param {{promote: boolean, reason: string}} decision
 */
function stateText(version, champion, decision) {
  if (champion.version === version) return `in service since ${timeText(champion.promoted_at)}`;
  return stateOf({ in_service: false, abandoned: champion.abandoned[version] || null, decision });
}

/** @param {Manifest} manifest */
const targetText = ({ schema }) => {
  const { field, positive } = targetOf(schema);
  return `${fieldText(field)}: ${valueText(positive)}`;
};

/** @param {{path: string}} given */
function Drawn({ path }) {
  const loaded = useLoaded((signal) => ask(`${path}/curves`, { signal }), [path]);
  return html`<${WhenLoaded} loaded=${loaded} what="the curves">
    ${(/** @type {import("../parts/curves.js").Curves} */ curves) => html`<div class="columns">
        <${RocChart} sides=${[curves]} /><${CalibrationChart} sides=${[curves]} />
      </div>
      <p class="hint">From ${numberText(curves.rows)} rows held out, ${numberText(curves.positives)} of them with the outcome.</p>
      <${Explained} terms=${["ROC curve", "calibration curve"]} />`}
  <//>`;
}

/** @param {{manifest: Manifest}} given */
function Balance({ manifest }) {
  const { dataset } = manifest;
  /** @type {[string, number, number][]} */
  const parts = [
    ["All valid rows", dataset.positives, dataset.rows],
    ["Learned from", dataset.train_positives, dataset.train_rows],
    ["Held out", dataset.holdout_positives, dataset.holdout_rows],
  ];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Share with the outcome"><table>
    <caption>Rows with ${targetText(manifest)}</caption>
    <thead><tr><th scope="col">Rows</th><th scope="col">Share with the outcome</th><th scope="col" class="figure">with</th><th scope="col" class="figure">of</th></tr></thead>
    <tbody>
      ${parts.map(
        ([name, positives, rows]) => html`<tr key=${name}><th scope="row">${name}</th>
          <td><${Probability} probability=${positives / Math.max(rows, 1)} label=${`Share with the outcome: ${name}`} /></td>
          <td class="figure">${numberText(positives)}</td><td class="figure">${numberText(rows)}</td></tr>`,
      )}
    </tbody>
  </table></div>`;
}

/** @param {{manifest: Manifest}} given */
function Quality({ manifest }) {
  return html`<${Figures}>
    ${Object.entries(manifest.metrics).map(
      ([name, one]) => html`<${Figure} key=${name} name=${metricName(name)} note=${`95 %: ${numberText(one.low)} to ${numberText(one.high)}`}>${numberText(one.value)}<//>`,
    )}
  <//>
  <p class="hint">Measured on ${numberText(manifest.dataset.holdout_rows)} rows that it never saw.</p>
  <${Explained} terms=${["ROC AUC", "log loss", "Brier score", "accuracy", "calibration error", "95 % interval"]} />`;
}

/** @param {{manifest: Manifest}} given */
function Confusion({ manifest }) {
  const [[trueNo, falseYes], [falseNo, trueYes]] = manifest.confusion;
  const target = fieldText(targetOf(manifest.schema).field);
  const [alarms, found] = [falseYes / Math.max(trueNo + falseYes, 1), trueYes / Math.max(falseNo + trueYes, 1)];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Right and wrong answers"><table>
    <caption>Rows held out, by what happened and what it answered</caption>
    <thead><tr><th scope="col">What happened</th><th scope="col" class="figure">answered no</th><th scope="col" class="figure">answered yes</th></tr></thead>
    <tbody>
      <tr><th scope="row">${target}: no</th><td class="figure right">${trueNo}</td><td class="figure wrong">${falseYes}</td></tr>
      <tr><th scope="row">${target}: yes</th><td class="figure wrong">${falseNo}</td><td class="figure right">${trueYes}</td></tr>
    </tbody>
  </table></div>
  <p class="hint">It answers yes above a probability of ${percentText(manifest.threshold)}: it finds ${percentText(found)} of the true yes, and takes ${percentText(alarms)} of the true no for yes.</p>`;
}

/** @param {{groups: Record<string, Record<string, number>>}} given */
function Groups({ groups }) {
  const rows = Object.entries(groups);
  if (rows.length === 0) return html`<p class="empty">The schema names no groups to judge one by one.</p>`;
  const names = [...new Set(rows.flatMap(([, figures]) => Object.keys(figures)))];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Groups"><table>
    <thead><tr><th scope="col">Group</th>${names.map((name) => html`<th scope="col" class="figure">${metricName(name)}</th>`)}</tr></thead>
    <tbody>
      ${rows.map(([group, figures]) => html`<tr key=${group}><th scope="row">${groupText(group)}</th>${names.map((name) => html`<td class="figure">${valueText(figures[name])}</td>`)}</tr>`)}
    </tbody>
  </table></div>
  <${Explained} terms=${["positives", "true positive rate", "false positive rate", "ROC AUC", "log loss", "Brier score", "accuracy", "calibration error"]} />`;
}

/** @param {{decision: Manifest["decision"]}} given */
const Decision = ({ decision }) => html`<p><b>${decision.promote ? "Good enough for service" : "Kept out of service"}.</b> ${sentenceText(decision.reason)}</p>
  ${decision.champion && html`<p>Compared with version <code>${decision.champion}</code>.</p>`}
  <details>
    <summary>The figures it was judged by</summary>
    <dl class="pairs">
      <dt>Rule</dt><dd>${decision.rule}</dd>
      ${Object.entries(decision.numbers).map(([name, value]) => html`<dt>${metricName(name)}</dt><dd>${valueText(value)}</dd>`)}
      ${Object.entries(decision.limits).map(([name, value]) => html`<dt>limit: ${metricName(name)}</dt><dd>${valueText(value)}</dd>`)}
    </dl>
  </details>`;

/** A number far below one, written out. @param {number} value */
const tinyText = (value) => value.toLocaleString("en", { maximumSignificantDigits: 2 });

/** @param {{certificate: Manifest["certificate"]}} given */
const Certificate = ({ certificate: { rows, edge_rows, largest_difference, tolerance, label_flips } }) => html`<p>
    A model is trained by one program and answers by another. Before this version could be used, both were asked about the same rows:
    ${" "}${numberText(rows)} of its data, and ${numberText(edge_rows)} that were made up to find a difference, with values missing, extreme or never
    seen. <b>${label_flips === 0 ? "They gave the same answers." : `${numberText(label_flips)} answers differ.`}</b>
  </p>
  <details>
    <summary>The figures of this proof</summary>
    <dl class="pairs">
      <dt>Largest difference between two probabilities</dt><dd>${tinyText(largest_difference)} (${tinyText(tolerance)} is allowed)</dd>
      <dt>Answers, yes or no, that differ</dt><dd>${numberText(label_flips)}</dd>
    </dl>
    <p class="hint">Programs and the API call this proof the certificate. A version without it is not published.</p>
  </details>`;

/** @param {{manifest: Manifest}} given */
function Lineage({ manifest }) {
  const { dataset } = manifest;
  return html`<dl class="pairs">
    <dt>Dataset</dt><dd><a href=${linkTo(manifest.name, "data", dataset.sha256.slice(0, 16))}>${dataset.key}</a></dd>
    <dt>Uploaded</dt><dd>${timeText(dataset.uploaded_at)}</dd>
    <dt>Rows</dt><dd>${numberText(dataset.rows)}, of which ${numberText(dataset.positives)} with the positive outcome; ${numberText(dataset.rejected_rows)} were left out</dd>
    <dt>Learned from</dt><dd>${numberText(dataset.train_rows)} rows</dd>
    <dt>Columns used</dt><dd>${dataset.columns.used.join(", ")}</dd>
    <dt>Passed over</dt><dd>${dataset.columns.passed_over.join(", ") || "none"}</dd>
    ${dataset.lineage && html`<dt>Grown from</dt><dd>${dataset.lineage.reference_key} and ${numberText(dataset.lineage.labels)} labelled predictions: ${dataset.lineage.reason}</dd>`}
    <dt>Trained</dt><dd>${timeText(manifest.created_at)}</dd>
  </dl>
  <${Fingerprint} sha256=${dataset.sha256} />`;
}

/** @param {{manifest: Manifest}} given */
function Candidates({ manifest }) {
  const rows = Object.entries(manifest.selection);
  const names = [...new Set(rows.flatMap(([, figures]) => Object.keys(/** @type {any} */ (figures))))];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Candidates"><table>
      <caption>Cross-validated on the rows to learn from; the best was fitted to all of them</caption>
      <thead><tr><th scope="col">Candidate</th>${names.map((name) => html`<th scope="col" class="figure">${metricName(name)}</th>`)}</tr></thead>
      <tbody>
        ${rows.map(
          ([name, figures]) => html`<tr key=${name}><th scope="row">${name === manifest.model ? html`<b>${name}</b>` : name}</th>
            ${names.map((one) => html`<td class="figure">${valueText(/** @type {any} */ (figures)[one])}</td>`)}</tr>`,
        )}
      </tbody>
    </table></div>`;
}

const PARAMETERS = {
  folds: "Parts of the cross-validation",
  repeats: "Times that it was done",
  seed: "Seed of the random numbers",
  max_key_share: "Share of the labels that one key may have, at most",
};

/** @param {{manifest: Manifest}} given */
const Parameters = ({ manifest }) => html`<h3>Parameters</h3>
  <dl class="pairs">
    ${Object.entries(manifest.configuration).map(
      ([name, value]) => html`<dt>${PARAMETERS[/** @type {keyof typeof PARAMETERS} */ (name)] || fieldText(name)}</dt><dd>${valueText(value)}</dd>`,
    )}
    <dt>Answers yes above</dt><dd>${percentText(manifest.threshold)}</dd>
    <dt>Libraries</dt><dd>${Object.entries(manifest.libraries).map(([name, number]) => `${name} ${number}`).join(", ")}</dd>
  </dl>`;

/** @param {{reference: Record<string, import("../parts/spread.js").Bins>}} given */
const Distributions = ({ reference }) => html`<div class="columns">
  ${Object.entries(reference).map(([name, bins]) => html`<${Spread} key=${name} title=${name === "probability" ? "probability that it gave, on the rows held out" : fieldText(name)} bins=${bins} series=${[{ name: "rows", values: bins.counts, bars: true }]} />`)}
</div>`;
