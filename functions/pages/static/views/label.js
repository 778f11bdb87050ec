/** A queue of predictions whose outcome somebody knows: one card at a time, by two large buttons or by keys. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { Figure, Figures } from "../parts/figures.js";
import { Empty, ErrorNotice, WhenLoaded } from "../parts/notice.js";
import { fieldText, numberText, outcomeText, percentText, timeText, valueText } from "../words.js";
import { Rounds } from "./rounds.js";

const PAGE = 20;
// How long the last label can be taken back before it is sent.
const UNDO_MS = 5_000;

/**
 * @typedef {{prediction_id: string, timestamp: string, version: string, probability: number, chosen: string,
 *   features: Record<string, unknown>, leased_until: string, reference?: string | null, rows?: number}} Item
 * @typedef {import("./predict.js").Target} Target
 * @typedef {{item: Item, outcome: unknown, timer: number}} Pending
 */

/** @param {{model: string, rest: string[]}} given */
export function Label({ model, rest }) {
  const loaded = useLoaded((signal) => ask(pathOf(model), { signal }), [model]);
  const [count, setCount] = useState(0);
  const round = rest[0] || null;
  return html`<h1>Label</h1>
    <${WhenLoaded} loaded=${loaded} what="the model">
      ${(/** @type {{target: Target | null, champion: unknown}} */ { target, champion }) =>
        target && champion
          ? html`<div class="columns label-page">
              <${Cards} key=${round} model=${model} target=${target} round=${round} labelled=${() => setCount((before) => before + 1)} />
              <div>
                <${Progress} model=${model} round=${round} count=${count} />
                <${Rounds} model=${model} round=${round} />
              </div>
            </div>`
          : html`<${Empty}>No version of ${model} is in service, so there is nothing to label yet.<//>`}
    <//>`;
}

/** @param {{model: string, target: Target, round: string | null, labelled: () => void}} given */
function Cards({ model, target, round, labelled }) {
  const [items, setItems] = useState(/** @type {Item[] | null} */ (null));
  const [open, setOpen] = useState(0);
  const [said, setSaid] = useState("");
  const [failed, setFailed] = useState(/** @type {Error | null} */ (null));
  const pending = useRef(/** @type {Pending | null} */ (null));
  const skipped = useRef(new Set());
  const heading = useRef(/** @type {HTMLElement | null} */ (null));

  const [fetchMore, fetching] = useAction(async () => {
    const query = new URLSearchParams({ limit: String(PAGE), ...(round && { round }) });
    const page = await ask(`${pathOf(model)}/feedback/queue?${query}`);
    const known = new Set([...skipped.current, pending.current?.item.prediction_id]);
    setItems(page.items.filter((/** @type {Item} */ item) => !known.has(item.prediction_id)));
    setOpen(page.open);
  });
  useEffect(() => void fetchMore(), [model, round]);

  /** Send the label that could still be taken back. */
  const flush = useCallback(async () => {
    const last = pending.current;
    if (!last) return;
    pending.current = null;
    clearTimeout(last.timer);
    try {
      await ask(`${pathOf(model)}/feedback`, { method: "POST", json: { prediction_id: last.item.prediction_id, [target.name]: last.outcome } });
      labelled();
    } catch (error) {
      // The card comes back: nothing that somebody said is dropped.
      setFailed(/** @type {Error} */ (error));
      setItems((before) => [last.item, ...(before || [])]);
    }
  }, [model, target.name]);
  useEffect(() => () => void flush(), [flush]);

  const next = (/** @type {Item} */ item, /** @type {string} */ words) => {
    const remaining = (items || []).filter((one) => one !== item);
    setItems(remaining);
    setSaid(words);
    setFailed(null);
    heading.current?.focus();
    if (remaining.length === 0) void flush().then(fetchMore);
  };
  const tell = (/** @type {unknown} */ outcome) => {
    const [item] = items || [];
    if (!item) return;
    void flush();
    pending.current = { item, outcome, timer: window.setTimeout(() => void flush(), UNDO_MS) };
    setOpen((before) => Math.max(0, before - 1));
    next(item, `${outcomeText(target, outcome)}. Undo is possible for five seconds.`);
  };
  const pass = (/** @type {string} */ words) => {
    const [item] = items || [];
    if (!item) return;
    skipped.current.add(item.prediction_id);
    next(item, words);
  };
  const undo = () => {
    const last = pending.current;
    if (!last) return setSaid("There is nothing to take back: the last label is sent. Say it again to correct it.");
    pending.current = null;
    clearTimeout(last.timer);
    setItems((before) => [last.item, ...(before || [])]);
    setOpen((before) => before + 1);
    setSaid("Taken back.");
  };
  const acts = {
    y: () => tell(target.positive),
    n: () => tell(target.negative),
    s: () => pass("Skipped. It comes back later, or to somebody else."),
    d: () => pass("Left to somebody who knows."),
    u: undo,
  };
  useKeys(acts);

  const [item] = items || [];
  return html`<section class="card label-card" aria-label="The card to label">
    <h2 ref=${heading} tabindex="-1">${item ? "What really happened?" : "Nothing to label"}</h2>
    <p class="hint" role="status" aria-live="polite">${said || (item ? `${numberText(open)} are open` : "")}</p>
    <${ErrorNotice} error=${failed || fetching.error} again=${fetching.error ? fetchMore : undefined} />
    ${item
      ? html`<${Card} key=${item.prediction_id} item=${item} target=${target} />
          <div class="verdicts">
            <button type="button" class="yes" onClick=${acts.y}>${outcomeText(target, target.positive)} <kbd>y</kbd></button>
            <button type="button" class="no" onClick=${acts.n}>${outcomeText(target, target.negative)} <kbd>n</kbd></button>
          </div>
          <p class="actions">
            <button type="button" onClick=${acts.s}>Skip <kbd>s</kbd></button>
            <button type="button" onClick=${acts.d}>Don't know <kbd>d</kbd></button>
            <button type="button" onClick=${acts.u}>Undo <kbd>u</kbd></button>
          </p>`
      : fetching.busy
        ? html`<p class="busy" role="status">Loading the queue …</p>`
        : html`<${Empty}>Every prediction ${round ? "of this round" : "of the last days"} is labelled, or is with somebody else for the moment.<//>
            <p class="actions"><button type="button" onClick=${acts.u}>Undo <kbd>u</kbd></button><button type="button" onClick=${() => void fetchMore()}>Look again</button></p>`}
  </section>`;
}

/** @param {{item: Item, target: Target}} given */
function Card({ item, target }) {
  return html`${item.reference && html`<p class="verdict">${item.reference}</p>`}
    <dl class="pairs">
      ${Object.entries(item.features).map(([name, value]) => html`<dt>${fieldText(name)}</dt><dd>${valueText(value)}</dd>`)}
    </dl>
    <p class="fine">
      Asked ${timeText(item.timestamp)}${(item.rows || 1) > 1 && `, and ${numberText((item.rows || 1) - 1)} times more with the same values: they are labelled together`}.
      ${item.chosen === "uncertain" ? " It is here because the model was not sure." : " It was drawn at random."}
    </p>
    <details><summary>What the model said</summary><p>${outcomeText(target, target.positive)} with a probability of ${percentText(item.probability)}</p></details>`;
}

/** @param {Record<string, () => void>} acts */
function useKeys(acts) {
  const current = useRef(acts);
  current.current = acts;
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      const typing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
      if (typing || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
      const act = current.current[event.key.toLowerCase()];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

/** @param {{model: string, round: string | null, count: number}} given */
function Progress({ model, round, count }) {
  const path = `${pathOf(model)}/feedback/progress${round ? `?round=${encodeURIComponent(round)}` : ""}`;
  const loaded = useLoaded((signal) => ask(path, { signal }), [path]);
  // Not at each label: counting reads the log.
  useEffect(() => {
    if (count && count % 5 === 0) loaded.again();
  }, [count]);
  return html`<section class="card">
    <h2>Progress</h2>
    <${WhenLoaded} loaded=${loaded} what="the progress">
      ${(/** @type {any} */ progress) => html`<p class="busy">
          <progress max=${progress.predictions || 1} value=${progress.labelled} aria-label="Predictions labelled"></progress>
          ${numberText(progress.labelled)} of ${numberText(progress.predictions)}
        </p>
        <${Figures}>
          <${Figure} name="In this tab">${numberText(count)}<//>
          <${Figure} name="Labels in all">${numberText(progress.labels)}<//>
          <${Figure} name="Corrections">${numberText(progress.corrections)}<//>
        <//>
        ${Object.keys(progress.sources).length > 0 &&
        html`<table>
          <caption>Who labelled how many</caption>
          <tbody>${Object.entries(progress.sources).map(([source, number]) => html`<tr><th scope="row">${source}</th><td class="figure">${number}</td></tr>`)}</tbody>
        </table>`}
        ${progress.agreement.length > 0 &&
        html`<h3>Agreement</h3>
          <ul>${progress.agreement.map((/** @type {any} */ pair) => html`<li>${pair.sources.join(" and ")}: ${agreementText(pair)}</li>`)}</ul>`}
        <p class="actions"><button type="button" onClick=${loaded.again}>Count again</button></p>`}
    <//>
  </section>`;
}

/** @param {{both: number, raw: number, kappa: number | null}} pair Landis & Koch (1977) name the ranges of kappa so. */
function agreementText({ both, raw, kappa }) {
  const share = `the same in ${percentText(raw)} of ${numberText(both)}`;
  if (kappa === null) return share;
  const words = [[0.8, "almost perfect"], [0.6, "substantial"], [0.4, "moderate"], [0.2, "fair"], [0, "slight"]];
  const [, word] = words.find(([least]) => kappa > /** @type {number} */ (least)) || [0, "no more than chance"];
  return `${share}; ${word} (kappa ${kappa.toFixed(2)})`;
}
