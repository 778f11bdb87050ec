/** Labelling rounds: lists of predictions that are fixed, each of a team; drawn, locked and exported. */
import { useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { Bar } from "../parts/bar.js";
import { Empty, ErrorNotice, WhenLoaded } from "../parts/notice.js";
import { linkTo } from "../routing.js";
import { may, session } from "../session.js";
import { numberText, timeText } from "../words.js";
import { saveExport } from "./outcomes-file.js";

const MAX_SIZE = 1_000;
const MAX_WANTED = 5;

/**
 * @typedef {{id: string, created_at: string, by: string | null, note: string, size: number, labelled: number,
 *   complete: number, team: string[], wanted: number, locked: {by: string, at: string} | null, error: string | null}} ListedRound
 */

/** @param {{model: string, round: string | null, rounds: import("../loading.js").Loaded<ListedRound[]>}} given round: the one that is labelled now, if one is */
export function Rounds({ model, round, rounds }) {
  return html`<section class="card">
    <h2>Rounds</h2>
    <p class="hint">A round is a fixed list of predictions that a team labels. When it is done, lock it: then its export stays as it is.</p>
    <${WhenLoaded} loaded=${rounds} what="the rounds">
      ${(/** @type {ListedRound[]} */ listed) =>
        listed.length === 0
          ? html`<${Empty}>None was drawn yet.<//>`
          : html`<ul class="plain round-list">
              <li aria-current=${round ? undefined : "true"}><a href=${linkTo(model, "label")}>Everything of the last days, not one round</a></li>
              ${listed.map((one) => html`<${OneRound} key=${one.id} model=${model} round=${one} current=${one.id === round} changed=${rounds.again} />`)}
            </ul>`}
    <//>
    <${DrawForm} model=${model} drawn=${rounds.again} />
  </section>`;
}

/** @param {{model: string, round: ListedRound, current: boolean, changed: () => void}} given */
function OneRound({ model, round, current, changed }) {
  const [asking, setAsking] = useState(false);
  const [lock, locking] = useAction(async () => {
    await ask(`${pathOf(model)}/feedback/rounds/${round.id}/lock`, { method: "POST" });
    setAsking(false);
    changed();
  });
  const [save, saving] = useAction(() => saveExport(model, round.id));
  if (round.error) return html`<li><b>Round of ${timeText(round.created_at)}</b><p class="fault">${round.error}</p></li>`;
  const mayLock = !round.locked && (round.by === session.value?.identity.id || may("admin"));
  return html`<li aria-current=${current ? "true" : undefined}>
    <a href=${linkTo(model, "label", round.id)}>${roundTitle(round)}</a> ${round.locked && html`<b class="tag">locked</b>`}
    <${Bar} name=${round.wanted > 1 ? `${round.wanted} labels each` : "labelled"} value=${round.complete} of=${round.size} />
    <p class="fine">For ${peopleText(round.team)}. Drawn by ${personText(round.by || "")} on ${timeText(round.created_at)}.
      ${round.locked && ` Locked by ${personText(round.locked.by)} on ${timeText(round.locked.at)}.`}</p>
    <p class="actions">
      <button type="button" disabled=${saving.busy} onClick=${() => void save()}>${saving.busy ? "Exporting …" : "Export"}</button>
      ${mayLock && !asking && html`<button type="button" onClick=${() => setAsking(true)}>Lock …</button>`}
      ${mayLock && asking &&
      html`<span>No more labels will be taken, for good.</span>
        <button type="button" class="danger" disabled=${locking.busy} onClick=${() => void lock()}>Lock it</button>
        <button type="button" onClick=${() => setAsking(false)}>Cancel</button>`}
    </p>
    <${ErrorNotice} error=${locking.error || saving.error} />
  </li>`;
}

/** @param {{model: string, drawn: () => void}} given */
function DrawForm({ model, drawn }) {
  const [texts, setTexts] = useState({ size: "50", note: "", team: "", wanted: "1" });
  const [draw, drawing] = useAction(async () => {
    const team = texts.team.split(/[,;\n]/).map((id) => id.trim()).filter(Boolean);
    const json = { size: Number(texts.size), note: texts.note, team, wanted: Number(texts.wanted) };
    const made = await ask(`${pathOf(model)}/feedback/rounds`, { method: "POST", json });
    setTexts((before) => ({ ...before, note: "" }));
    drawn();
    location.hash = linkTo(model, "label", made.id);
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void draw();
  };
  const typed = (/** @type {keyof typeof texts} */ name) => ({
    id: `round-${name}`,
    value: texts[name],
    onInput: (/** @type {any} */ event) => setTexts((before) => ({ ...before, [name]: event.currentTarget.value })),
  });
  return html`<form onSubmit=${submit}>
    <h3>Draw a round</h3>
    <div class="field"><label for="round-note">What for</label><input ...${typed("note")} maxlength="500" /></div>
    <div class="fields">
      <div class="field"><label for="round-size">How many rows</label><input ...${typed("size")} type="number" min="1" max=${MAX_SIZE} required /></div>
      <div class="field"><label for="round-wanted">Labels for each row</label><input ...${typed("wanted")} type="number" min="1" max=${MAX_WANTED} required /></div>
    </div>
    <div class="field">
      <label for="round-team">Team</label>
      <input ...${typed("team")} autocomplete="off" aria-describedby="round-team-hint" />
      <p class="hint" id="round-team-hint">The ids of those who may label in it, with commas between. Yours is <code>${session.value?.identity.id}</code>. Empty: everybody who may label.</p>
    </div>
    <${ErrorNotice} error=${drawing.error} />
    <p class="actions"><button disabled=${drawing.busy}>${drawing.busy ? "Drawing …" : `Draw ${numberText(Number(texts.size) || 0)} rows`}</button></p>
  </form>`;
}

/** @param {ListedRound} round */
export const roundTitle = (round) => round.note || `Round of ${timeText(round.created_at)}`;

/**
 * Who labels, by the id that is recorded, and perhaps a name below it.
 * @param {string} source
 */
export function personText(source) {
  const own = session.value?.identity.id;
  if (own && source === own) return "you";
  return own && source.startsWith(`${own}/`) ? `you, as ${source.slice(own.length + 1)}` : source;
}

/** @param {string[]} ids */
export const peopleText = (ids) => (ids.length === 0 ? "everybody who may label" : ids.map(personText).join(", "));
