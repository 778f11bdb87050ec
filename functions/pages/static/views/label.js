/** Labelling: a queue of cards, how far it has come, the rounds, and outcomes as a file. */
import { useEffect, useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { Empty, WhenLoaded } from "../parts/notice.js";
import { peopleText } from "../people.js";
import { timeText } from "../words.js";
import { Cards } from "./cards.js";
import { LabelProgress } from "./label-progress.js";
import { OutcomesFile } from "./outcomes-file.js";
import { Rounds, roundTitle } from "./rounds.js";

// Not at each label, nor while somebody is at it: counting reads the log.
const COUNTED_EVERY = 5;
const QUIET_MS = 1_500;

/**
 * @typedef {import("./predict.js").Target} Target
 * @typedef {import("./rounds.js").ListedRound} ListedRound
 */

/** @param {{model: string, rest: string[]}} given */
export function Label({ model, rest }) {
  const loaded = useLoaded((signal) => ask(pathOf(model), { signal }), [model]);
  return html`<h1>Label</h1>
    <${WhenLoaded} loaded=${loaded} what="the model">
      ${(/** @type {import("./predict.js").ModelRecord} */ { target, features, champion }) =>
        target && champion
          ? html`<${Labelling} model=${model} features=${features} target=${target} round=${rest[0] || null} />`
          : html`<${Empty}>No version of ${model} is in service, so there is nothing to label yet.<//>`}
    <//>`;
}

/** @param {{model: string, features: import("../parts/field.js").Feature[], target: Target, round: string | null}} given */
function Labelling({ model, features, target, round }) {
  const rounds = useLoaded((signal) => ask(`${pathOf(model)}/feedback/rounds`, { signal }), [model]);
  const [count, setCount] = useState(0);
  const [counted, setCounted] = useState(0);
  useEffect(() => {
    if (count - counted < COUNTED_EVERY) return undefined;
    const timer = setTimeout(() => setCounted(count), QUIET_MS);
    return () => clearTimeout(timer);
  }, [count, counted]);
  useEffect(() => {
    if (counted) rounds.again();
  }, [counted]);
  const [labellers, setLabellers] = useState(/** @type {string[]} */ ([]));
  const listed = /** @type {ListedRound[]} */ (rounds.value || []);
  const shown = listed.find((one) => one.id === round) || null;
  return html`<div class="columns label-page">
    <div>
      ${round && html`<p class="trail">${shown ? roundTitle(shown) : "A round"}${shown && `, for ${peopleText(shown.team)}`}</p>`}
      ${shown?.locked
        ? html`<section class="card"><h2>This round is locked</h2>
            <p>${peopleText([shown.locked.by])} locked it on ${timeText(shown.locked.at)}. No more labels are taken for it, and its export stays as it is.</p></section>`
        : html`<${Cards} key=${`${model}/${round}`} model=${model} features=${features} target=${target} round=${round} labelled=${() => setCount((before) => before + 1)} />`}
      <${LabelProgress} model=${model} round=${round} listed=${shown} count=${count} step=${counted} told=${setLabellers} />
    </div>
    <div>
      <${Rounds} model=${model} round=${round} rounds=${rounds} labellers=${labellers} />
      <${OutcomesFile} model=${model} target=${target} round=${round} locked=${Boolean(shown?.locked)} labelled=${() => setCount((before) => before + COUNTED_EVERY)} />
    </div>
  </div>`;
}
