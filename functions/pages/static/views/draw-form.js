/** Draws a round: how many rows, how many labels for each, and whose it is. */
import { useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { ErrorNotice } from "../parts/notice.js";
import { membersOf } from "../people.js";
import { linkTo } from "../routing.js";
import { may, session } from "../session.js";
import { numberText } from "../words.js";

const MAX_SIZE = 1_000;
const MAX_WANTED = 5;

/**
 * @typedef {import("../people.js").Member} Member
 * @typedef {import("./rounds.js").ListedRound} ListedRound
 */

/** @param {{model: string, rounds: ListedRound[], labellers: string[], drawn: () => void}} given */
export function DrawForm({ model, rounds, labellers, drawn }) {
  const [texts, setTexts] = useState({ size: "50", note: "", team: "", wanted: "1" });
  const [chosen, setChosen] = useState(/** @type {string[]} */ ([]));
  const [draw, drawing] = useAction(async () => {
    const typed = texts.team.split(/[,;\n]/).map((id) => id.trim()).filter(Boolean);
    const json = { size: Number(texts.size), note: texts.note, team: [...new Set([...chosen, ...typed])], wanted: Number(texts.wanted) };
    /** @type {import("../api.js").Schemas["Round"]} */
    const made = await ask(`${pathOf(model)}/feedback/rounds`, { method: "POST", json });
    setTexts((before) => ({ ...before, note: "", team: "" }));
    setChosen([]);
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
    <${Members} model=${model} rounds=${rounds} labellers=${labellers} chosen=${chosen} choose=${setChosen} />
    <div class="field">
      <label for="round-team">Others of the team</label>
      <input ...${typed("team")} autocomplete="off" aria-describedby="round-team-hint" />
      <p class="hint" id="round-team-hint">Ids that are not listed above, with commas between. Nobody chosen and nobody here: everybody who may label.</p>
    </div>
    <${ErrorNotice} error=${drawing.error} />
    <p class="actions"><button disabled=${drawing.busy}>${drawing.busy ? "Drawing …" : `Draw ${numberText(Number(texts.size) || 0)} rows`}</button></p>
  </form>`;
}

/** @param {{model: string, rounds: ListedRound[], labellers: string[], chosen: string[], choose: (ids: string[]) => void}} given */
function Members({ model, rounds, labellers, chosen, choose }) {
  // Which keys and people may label, only an administrator is told.
  const told = useLoaded(async (signal) => (may("admin") ? membersOf(model, signal) : []), [model]);
  const own = session.value?.identity;
  /** @type {Map<string, string>} */
  const names = new Map();
  if (own) names.set(own.id, "you");
  for (const { id, name } of told.value || []) if (!names.has(id)) names.set(id, name);
  for (const id of [...labellers, ...rounds.flatMap((one) => [...one.team, ...(one.by ? [one.by] : [])])]) if (!names.has(id)) names.set(id, "");
  const toggle = (/** @type {string} */ id) => choose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return html`<fieldset class="members">
    <legend>Team</legend>
    ${[...names].map(
      ([id, name]) => html`<p key=${id}><label><input type="checkbox" checked=${chosen.includes(id)} onChange=${() => toggle(id)} /> ${name || id}${name && html` <span class="required">${id}</span>`}</label></p>`,
    )}
    <${ErrorNotice} error=${told.error} />
  </fieldset>`;
}
