/** One card at a time, by two large buttons or by keys. A key is answered at once, and sent in the background. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { Empty, ErrorNotice, Marked } from "../parts/notice.js";
import { fieldText, givenText, numberText, outcomeText, percentText, timeText } from "../words.js";

const PAGE = 25;
// So many are left when more are fetched: nobody who works fast has to wait.
const FEW = 12;
const MAX_PAGE = 100;
// How far back undo goes.
const MAX_REMEMBERED = 50;
// How long the last word waits before it is sent: taken back in this time, it leaves no trace.
const UNDO_MS = 5_000;

/**
 * @typedef {import("../api.js").Answered<"QueuedPrediction">} Item
 * @typedef {import("./predict.js").Target} Target
 * @typedef {{item: Item, said: Record<string, unknown>, timer: number}} Pending
 */

/** @param {{model: string, features: import("../parts/field.js").Feature[], target: Target, round: string | null, labelled: () => void}} given */
export function Cards({ model, features, target, round, labelled }) {
  const [items, setItems] = useState(/** @type {Item[] | null} */ (null));
  const [open, setOpen] = useState(0);
  const [leasesLeft, setLeasesLeft] = useState(1);
  const [said, setSaid] = useState("");
  const [note, setNote] = useState("");
  const [failed, setFailed] = useState(/** @type {Error | null} */ (null));
  const pending = useRef(/** @type {Pending | null} */ (null));
  /** What was answered or skipped here: the server may not know of it yet, and hands it out again. */
  const done = useRef(/** @type {Set<string>} */ (new Set()));
  const skipped = useRef(/** @type {Set<string>} */ (new Set()));
  /** What undo brings back, the last one first: labels that were sent, too, which what is said then replaces. */
  const backwards = useRef(/** @type {Item[]} */ ([]));
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const inRound = round ? `?round=${encodeURIComponent(round)}` : "";

  const [fetchMore, fetching] = useAction(async () => {
    const limit = Math.min(PAGE + skipped.current.size, MAX_PAGE);
    const query = new URLSearchParams({ limit: String(limit), ...(round && { round }) });
    const page = await ask(`${pathOf(model)}/feedback/queue?${query}`);
    setItems((before) => {
      const here = before || [];
      const known = new Set([...done.current, ...skipped.current, ...here.map((item) => item.prediction_id)]);
      return [...here, ...page.items.filter((/** @type {Item} */ item) => !known.has(item.prediction_id))];
    });
    setOpen(Math.max(0, page.open - (pending.current ? 1 : 0)));
    setLeasesLeft(page.leases_left);
  });
  useEffect(() => void fetchMore(), [model, round]);

  /** Send what could still be taken back. `leaving`: the page may be gone before the answer comes. */
  const flush = useCallback(
    async (leaving = false) => {
      const last = pending.current;
      if (!last) return;
      pending.current = null;
      clearTimeout(last.timer);
      try {
        const json = { prediction_id: last.item.prediction_id, ...last.said };
        await ask(`${pathOf(model)}/feedback${inRound}`, { method: "POST", json, keepalive: leaving });
        labelled();
      } catch (error) {
        // The card comes back: nothing that somebody said is dropped.
        done.current.delete(last.item.prediction_id);
        setFailed(/** @type {Error} */ (error));
        setSaid("The last one could not be sent. Its card is back.");
        setNote(String(last.said.note || ""));
        setOpen((before) => before + 1);
        setItems((before) => [last.item, ...(before || []).filter((one) => one !== last.item)]);
      }
    },
    [model, inRound],
  );
  useEffect(() => {
    const leave = () => void flush(true);
    const hide = () => document.visibilityState === "hidden" && leave();
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", hide);
    return () => {
      removeEventListener("pagehide", leave);
      document.removeEventListener("visibilitychange", hide);
      leave();
    };
  }, [flush]);

  const remember = (/** @type {Item} */ item) => {
    backwards.current = [...backwards.current, item].slice(-MAX_REMEMBERED);
  };
  const next = (/** @type {Item} */ item, /** @type {string} */ words) => {
    const remaining = (items || []).filter((one) => one !== item);
    setItems(remaining);
    setSaid(words);
    setNote("");
    setFailed(null);
    heading.current?.focus();
    if (remaining.length < FEW && remaining.length < open) void fetchMore();
  };
  const tell = (/** @type {Record<string, unknown>} */ answer, /** @type {string} */ words) => {
    const [item] = items || [];
    if (!item) return;
    void flush();
    remember(item);
    done.current.add(item.prediction_id);
    const text = note.trim();
    pending.current = { item, said: { ...answer, ...(text && { note: text }) }, timer: window.setTimeout(() => void flush(), UNDO_MS) };
    setOpen((before) => Math.max(0, before - 1));
    next(item, `${words} Undo takes it back.`);
  };
  const outcome = (/** @type {unknown} */ value) => tell({ [target.name]: value }, `${outcomeText(target, value)}.`);
  const skip = () => {
    const [item] = items || [];
    if (!item) return;
    void flush();
    skipped.current.add(item.prediction_id);
    remember(item);
    next(item, "Skipped. It comes back later, or to somebody else.");
  };
  const undo = () => {
    const item = backwards.current.pop();
    if (!item) return setSaid("Nothing was labelled or skipped in this tab before this.");
    setItems((before) => [item, ...(before || []).filter((one) => one !== item)]);
    if (skipped.current.delete(item.prediction_id)) return setSaid("Here it is again.");
    done.current.delete(item.prediction_id);
    setOpen((before) => before + 1);
    const last = pending.current;
    // One that was sent stays as it is until something else is said of it.
    if (last?.item !== item) return setSaid("Here it is again. What you said of it is kept; what you say now replaces it.");
    pending.current = null;
    clearTimeout(last.timer);
    setNote(String(last.said.note || ""));
    setSaid("Taken back.");
  };
  const lookAgain = async () => {
    await flush();
    skipped.current.clear();
    await fetchMore();
  };
  const acts = {
    y: () => outcome(target.positive),
    n: () => outcome(target.negative),
    s: skip,
    d: () => tell({ unsure: true }, "You don't know: it is kept, and this row is not shown to you again."),
    u: undo,
  };
  useKeys(acts);

  const [item] = items || [];
  const isLoading = items === null || fetching.busy;
  const title = item ? "What really happened?" : isLoading ? "The next row" : open > 0 ? "Nothing for you just now" : "Nothing to label";
  return html`<section class="card label-card" aria-label="The card to label">
    <div class="queue-line"><h2>${title}</h2> <b>${items && `${numberText(open)} ${open === 1 ? "row" : "rows"} to label`}</b></div>
    <p class="queue-line" role="status" aria-live="polite">${said}</p>
    <${ErrorNotice} error=${failed || fetching.error} again=${fetching.error ? fetchMore : undefined} />
    <p class="headline" ref=${heading} tabindex="-1">${item && (item.reference || `Row of ${timeText(item.timestamp)}`)}</p>
    ${item
      ? html`<${Card} key=${item.prediction_id} item=${item} features=${features} target=${target} />
          <div class="verdicts">
            <button type="button" class="yes" onClick=${acts.y}>${outcomeText(target, target.positive)} <kbd>y</kbd></button>
            <button type="button" class="no" onClick=${acts.n}>${outcomeText(target, target.negative)} <kbd>n</kbd></button>
          </div>
          <p class="actions">
            <button type="button" onClick=${acts.s}>Skip <kbd>s</kbd></button>
            <button type="button" onClick=${acts.d}>Don't know <kbd>d</kbd></button>
            <button type="button" onClick=${acts.u}>Undo <kbd>u</kbd></button>
          </p>
          <${NoteField} note=${note} onNote=${setNote} done=${() => heading.current?.focus()} />`
      : isLoading
        ? html`<p class="busy" role="status">${!fetching.error && "Loading the queue …"}</p>`
        : html`<${Empty}>${nothingLeft(round, leasesLeft, skipped.current.size, open)}<//>
            <p class="actions">
              <button type="button" class="primary" onClick=${() => void lookAgain()}>Look again</button>
              <button type="button" onClick=${acts.u}>Undo <kbd>u</kbd></button>
            </p>`}
  </section>`;
}

/**
 * @param {string | null} round
 * @param {number} leasesLeft
 * @param {number} skipped
 * @param {number} open rows that wait for a label, of whomever
 */
function nothingLeft(round, leasesLeft, skipped, open) {
  if (leasesLeft === 0) return "You have as many rows in hand as one person may have. Label some of them first, or wait a quarter of an hour.";
  if (skipped > 0) return `Only what you skipped is left (${numberText(skipped)}), or what is with somebody else for the moment.`;
  if (open > 0) return "The rows that still wait are in somebody else's hands for the moment, or have your label and lack another person's. What is not labelled within a quarter of an hour comes to others.";
  return `Every prediction ${round ? "of this round" : "of the last days"} has its labels.`;
}

/** @param {{item: Item, features: import("../parts/field.js").Feature[], target: Target}} given */
function Card({ item, features, target }) {
  const described = features.filter((feature) => feature.description && feature.name in item.features);
  return html`<dl class="facts">
      ${Object.entries(item.features).map(([name, value]) => html`<div><dt>${fieldText(name)}</dt><dd>${givenText(value)}</dd></div>`)}
    </dl>
    <p class="fine">
      ${item.stands_for > 1 && html`<b class="tag">Stands for ${numberText(item.stands_for)}</b> The same row was asked so many times: they are labelled together. `}
      Asked ${timeText(item.timestamp)}. ${item.chosen === "uncertain" ? "It is here because of those that wait, the model was among the least sure of it." : "It was drawn at random."}
    </p>
    ${described.length > 0 &&
    html`<details><summary>What the values mean</summary>
      <dl class="pairs">${described.map((one) => html`<dt>${fieldText(one.name)}</dt><dd><${Marked} text=${one.description} /></dd>`)}</dl>
    </details>`}
    <details class="said"><summary>What the model said</summary><p>${outcomeText(target, target.positive)} with a probability of ${percentText(item.probability)}</p></details>`;
}

/** @param {{note: string, onNote: (note: string) => void, done: () => void}} given */
function NoteField({ note, onNote, done }) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    done();
  };
  return html`<div class="field note-field">
    <label for="label-note">Note</label>
    <input id="label-note" maxlength="500" autocomplete="off" value=${note} onKeyDown=${pressed} aria-describedby="label-note-hint"
      onInput=${(/** @type {any} */ event) => onNote(event.currentTarget.value)} />
    <p class="hint" id="label-note-hint">Kept with what you say next.<span class="key-hint"> Enter leads back to the card, where the keys work.</span></p>
  </div>`;
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
