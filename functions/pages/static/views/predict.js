/** Asks the model in service about one row, shows what it answers and why, and takes what really happened. */
import { useMemo, useRef, useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useKept } from "../kept.js";
import { useAction, useLoaded } from "../loading.js";
import { Contributions } from "../parts/contributions.js";
import { FeatureField, LabelledField, describedBy, faultsByField, fieldOf, twoMeanings, typedRow } from "../parts/field.js";
import { Empty, ErrorNotice, GoodNotice, WhenLoaded } from "../parts/notice.js";
import { Probability } from "../parts/probability.js";
import { linkTo } from "../routing.js";
import { may } from "../session.js";
import { fieldText, givenText, outcomeText, percentText, timeText, valueText } from "../words.js";
import { Batch } from "./batch.js";
import { Jobs } from "./jobs.js";

/**
 * @typedef {import("../api.js").Schemas["TargetWords"]} Target
 * @typedef {import("../parts/field.js").Feature} Feature
 * @typedef {import("../api.js").Schemas["ModelRecord"]} ModelRecord
 * @typedef {import("../api.js").Schemas["Prediction"] & Record<string, unknown>} Answer with the answer under the target's name
 * @typedef {{logged: import("../api.js").Answered<"LoggedPrediction"> | null, replayed: import("../api.js").Answered<"Replay"> | null}} LookedUp
 * @typedef {{row: Record<string, unknown>, answer: Answer}} Asked
 */

const MAX_RECENT = 20;
const REFERENCE = "reference";
const MAX_REFERENCE = 100;

/** @param {{model: string}} given */
export function Predict({ model }) {
  const loaded = useLoaded((signal) => ask(pathOf(model), { signal }), [model]);
  const [sent, setSent] = useState(0);
  return html`<h1>Predict</h1>
    <${WhenLoaded} loaded=${loaded} what="the model">
      ${(/** @type {ModelRecord} */ record) =>
        record.champion && record.target
          ? html`<${OneRow} key=${model} record=${record} />
              <${Batch} key=${`${model}-batch`} model=${model} target=${record.target} sent=${() => setSent((count) => count + 1)} />
              <${Jobs} key=${`${model}-jobs`} model=${model} sent=${sent} />`
          : html`<${NotInService} model=${model} />`}
    <//>`;
}

/** @param {{model: string}} given */
const NotInService = ({ model }) => html`<${Empty}>No version of ${model} is in service yet, so it can answer nothing. ${
  may("read")
    ? html`If one was trained and kept out of service, the page <a href=${linkTo(model, "models")}>Models</a> says why; what became of each table stands on the page <a href=${linkTo(model, "data")}>Data</a>.`
    : "An administrator can say when it will be, or choose another model at the top of this page."
}<//>`;

/** @param {{record: ModelRecord}} given */
function OneRow({ record }) {
  const { name: model, features, takes_references: isReferenced } = record;
  const target = /** @type {Target} */ (record.target);
  const [texts, setTexts] = useKept(`row/${model}`, /** @type {Record<string, string>} */ ({}));
  const [reference, setReference] = useKept(`reference/${model}`, "");
  const [shown, setShown] = useState(/** @type {Asked | null} */ (null));
  // The newest first.
  const [recent, setRecent] = useKept(`recent/${model}`, /** @type {Asked[]} */ ([]));
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const [predict, asking] = useAction(async (/** @type {Record<string, unknown>} */ row) => {
    const named = isReferenced && reference.trim() ? { [REFERENCE]: reference } : {};
    const answer = await ask(`${pathOf(model)}/predict?explain=true`, { method: "POST", json: { ...row, ...named } });
    const asked = { row, answer };
    setRecent((before) => [asked, ...before].slice(0, MAX_RECENT));
    setShown(asked);
    heading.current?.focus();
  });
  const names = [...features.map((feature) => feature.name), ...(isReferenced ? [REFERENCE] : [])];
  // What was not sent, since it could mean two numbers.
  const [unclear, setUnclear] = useState(/** @type {Record<string, string>} */ ({}));
  const faults = useMemo(() => ({ ...faultsByField(asking.error, names), ...unclear }), [asking.error, unclear]);
  const fill = () =>
    setTexts(Object.fromEntries(features.filter((one) => one.example !== null).map((one) => [one.name, String(one.example)])));
  const clear = () => {
    setTexts({});
    setReference("");
    setUnclear({});
    asking.clear();
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const found = twoMeanings(features, texts);
    setUnclear(found);
    const [first] = Object.keys(found);
    if (first) return document.getElementById(`field-${first}`)?.focus();
    void predict(typedRow(features, texts));
  };
  return html`<div class="columns">
    <form class="card" onSubmit=${submit} novalidate aria-label="The row to predict">
      <div class="fields">
        ${[...features].sort((a, b) => Number(b.required) - Number(a.required)).map(
          (feature) => html`<${FeatureField}
            key=${feature.name}
            feature=${feature}
            text=${texts[feature.name] || ""}
            fault=${faults[feature.name] || ""}
            onText=${(/** @type {string} */ text) => setTexts((before) => ({ ...before, [feature.name]: text }))}
          />`,
        )}
      </div>
      ${isReferenced &&
      html`<${LabelledField} id="field-reference" label="Your reference" hint="Whom or what the row is about, in your own words, such as a customer's number. It is kept with the prediction, and changes nothing about it." fault=${faults[REFERENCE]}>
        <input ...${describedBy("field-reference", true, faults[REFERENCE])} maxlength=${MAX_REFERENCE} autocomplete="off" value=${reference} onInput=${(/** @type {any} */ event) => setReference(event.currentTarget.value)} />
      <//>`}
      <${ErrorNotice} error=${asking.error} shown=${(/** @type {import("../api.js").Fault} */ fault) => Boolean(fieldOf(fault, names))} />
      <p class="actions">
        <button class="primary" disabled=${asking.busy}>${asking.busy ? "Asking …" : "Predict"}</button>
        <button type="button" onClick=${fill}>Fill in the example</button>
        <button type="button" onClick=${clear}>Clear</button>
      </p>
    </form>
    <section class="card" aria-live="polite">
      <h2 ref=${heading} tabindex="-1">Answer</h2>
      ${shown
        ? html`<${AnswerShown} key=${shown.answer.prediction_id} model=${model} features=${features} target=${target} asked=${shown} />`
        : html`<${Empty}>${features.every((feature) => feature.required) ? "Fill in all fields and choose Predict: this model needs every one." : "Fill in what you know and choose Predict. What you leave empty counts as not known."}<//>`}
    </section>
    <${Recent} model=${model} target=${target} recent=${recent} show=${setShown} />
  </div>`;
}

/** @param {{model: string, features: Feature[], target: Target, asked: Asked}} given */
function AnswerShown({ model, features, target, asked }) {
  const { answer, row } = asked;
  return html`${answer.reference && html`<p class="given">About ${answer.reference}</p>`}
    <p class="verdict">${outcomeText(target, answer[target.name])}</p>
    <${Probability} probability=${answer.probability} threshold=${answer.threshold} label=${`Probability of ${outcomeText(target, target.positive)}`} />
    <p class="hint">
      The probability of ${outcomeText(target, target.positive)}. Above the line at ${(100 * answer.threshold).toFixed(0)} % the answer is
      ${" "}${valueText(target.positive)}.
    </p>
    ${answer.explanation && html`<h3>Why</h3><${Contributions} explanation=${answer.explanation} row=${row} features=${features} />`}
    <${Happened} model=${model} target=${target} id=${answer.prediction_id} />
    <p class="fine">Said by version ${answer.model.version} of ${answer.model.name}. Prediction ${answer.prediction_id}</p>`;
}

/** @param {{model: string, target: Target, id: string}} given */
function Happened({ model, target, id }) {
  const [told, setTold] = useState("");
  const [tell, telling] = useAction(async (/** @type {unknown} */ outcome) => {
    await ask(`${pathOf(model)}/feedback`, { method: "POST", json: { prediction_id: id, [target.name]: outcome } });
    setTold(outcomeText(target, outcome));
  });
  if (!may("feedback")) {
    return html`<p class="hint">If it turns out otherwise, tell somebody who labels here, with the prediction's id below: the model learns from it.</p>`;
  }
  return html`<h3>What really happened?</h3>
    ${told
      ? html`<${GoodNotice}>Noted: ${told}. The next training learns from it.<//>`
      : html`<p class="actions">
          ${[target.positive, target.negative].map(
            (outcome) => html`<button type="button" disabled=${telling.busy} onClick=${() => void tell(outcome)}>${outcomeText(target, outcome)}</button>`,
          )}
        </p>`}
    <${ErrorNotice} error=${telling.error} />`;
}

/** @param {{model: string, target: Target, recent: Asked[], show: (asked: Asked) => void}} given */
function Recent({ model, target, recent, show }) {
  const [id, setId] = useState("");
  const [found, setFound] = useState(/** @type {LookedUp | null} */ (null));
  const [look, looking] = useAction(async (/** @type {string} */ wanted, /** @type {boolean} */ again) => {
    const path = `${pathOf(model)}/predictions/${encodeURIComponent(wanted)}`;
    setFound(again ? { logged: null, replayed: await ask(`${path}/replay`, { method: "POST" }) } : { logged: await ask(path), replayed: null });
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void look(id.trim(), false);
  };
  return html`<section class="card wide">
    <h2>Recent predictions</h2>
    ${recent.length === 0
      ? html`<${Empty}>What you ask in this tab is listed here.<//>`
      : html`<ul class="recent">
          ${recent.map(
            (asked) => html`<li key=${asked.answer.prediction_id}>
              <button type="button" onClick=${() => show(asked)}>
                <b>${outcomeText(target, asked.answer[target.name])}</b> ${(100 * asked.answer.probability).toFixed(1)} %
                ${asked.answer.reference && html` · ${asked.answer.reference}`}
                ${" "}<span class="given">${Object.entries(asked.row).slice(0, 4).map(([name, value]) => `${name} ${givenText(value)}`).join(", ")}</span>
              </button>
            </li>`,
          )}
        </ul>`}
    <form class="inline" onSubmit=${submit}>
      <label for="prediction-id">Look up a prediction by its id</label>
      <input id="prediction-id" value=${id} autocomplete="off" onInput=${(/** @type {any} */ event) => setId(event.currentTarget.value)} />
      <button disabled=${looking.busy || !id.trim()}>Look up</button>
      <button type="button" disabled=${looking.busy || !id.trim()} onClick=${() => void look(id.trim(), true)}>Compute it again</button>
    </form>
    <${ErrorNotice} error=${looking.error} />
    ${found && html`<${Found} model=${model} target=${target} found=${found} />`}
  </section>`;
}

/** @param {{model: string, target: Target, found: LookedUp}} given */
function Found({ model, target, found }) {
  const shown = found.logged || found.replayed || {};
  return html`<h3>${found.logged ? "As it was answered" : "Computed again, by the version that gave it"}</h3>
    <dl class="pairs">${Object.entries(shown).map(([name, value]) => html`<dt>${fieldText(name)}</dt><dd>${loggedText(name, value)}</dd>`)}</dl>
    ${found.logged && may("feedback") && html`<${Happened} key=${found.logged.prediction_id} model=${model} target=${target} id=${found.logged.prediction_id} />`}`;
}

/**
 * A part of what was logged, in words.
 * @param {string} name
 * @param {unknown} value
 */
function loggedText(name, value) {
  if (Array.isArray(value)) return value.map((one) => givenText(one)).join(", ") || "none";
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([part, one]) => `${fieldText(part)}: ${typeof one === "object" && one !== null ? JSON.stringify(one) : givenText(one)}`).join(", ") || "none";
  }
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return timeText(value);
  return name.startsWith("probability") && typeof value === "number" ? percentText(value) : givenText(value);
}
