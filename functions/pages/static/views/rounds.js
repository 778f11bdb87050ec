/** Labelling rounds: lists of predictions that are fixed, each of a team; drawn, locked and exported. */
import { useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { Bar } from "../parts/bar.js";
import { Empty, ErrorNotice, WhenLoaded } from "../parts/notice.js";
import { linkTo } from "../routing.js";
import { may, session } from "../session.js";
import { timeText } from "../words.js";
import { DrawForm } from "./draw-form.js";
import { saveExport } from "./outcomes-file.js";

/** @typedef {import("../api.js").Answered<"ListedRound">} ListedRound */

/**
 * @param {{model: string, round: string | null, rounds: import("../loading.js").Loaded<ListedRound[]>, labellers: string[]}} given
 * round: the one that is labelled now, if one is. labellers: the ids of those who have labelled.
 */
export function Rounds({ model, round, rounds, labellers }) {
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
    <${DrawForm} model=${model} rounds=${rounds.value || []} labellers=${labellers} drawn=${rounds.again} />
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
