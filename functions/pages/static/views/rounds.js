/** Labelling rounds: lists of predictions that are fixed, so that several people can label the same. */
import { useState } from "preact/hooks";
import { ask, pathOf, send } from "../api.js";
import { download } from "../csv.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { Empty, ErrorNotice, WhenLoaded } from "../parts/notice.js";
import { linkTo } from "../routing.js";
import { timeText } from "../words.js";

const MAX_SIZE = 1_000;

/** @param {{model: string, round: string | null}} given round: the one that is labelled now, if one is */
export function Rounds({ model, round }) {
  const loaded = useLoaded((signal) => ask(`${pathOf(model)}/feedback/rounds`, { signal }), [model]);
  const [size, setSize] = useState("50");
  const [note, setNote] = useState("");
  const [draw, drawing] = useAction(async () => {
    const drawn = await ask(`${pathOf(model)}/feedback/rounds`, { method: "POST", json: { size: Number(size), note } });
    setNote("");
    loaded.again();
    location.hash = linkTo(model, "label", drawn.id);
  });
  const [save, saving] = useAction(async () => {
    const query = round ? `?round=${encodeURIComponent(round)}` : "";
    const response = await send(`${pathOf(model)}/feedback/export${query}`);
    download([await response.text()], `${model}.labelled.csv`);
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void draw();
  };
  return html`<section class="card">
    <h2>Rounds</h2>
    <p class="hint">A round is a fixed list of predictions, so that several people label the same ones.</p>
    <${WhenLoaded} loaded=${loaded} what="the rounds">
      ${(/** @type {{id: string, created_at: string}[]} */ rounds) =>
        rounds.length === 0
          ? html`<${Empty}>None was drawn yet.<//>`
          : html`<ul class="plain">
              ${round && html`<li><a href=${linkTo(model, "label")}>Everything, not one round</a></li>`}
              ${rounds.map((one) => html`<li key=${one.id}><a href=${linkTo(model, "label", one.id)} aria-current=${one.id === round ? "true" : undefined}>Round of ${timeText(one.created_at)}</a></li>`)}
            </ul>`}
    <//>
    <form onSubmit=${submit}>
      <div class="fields">
        <div class="field"><label for="round-size">How many</label><input id="round-size" type="number" min="1" max=${MAX_SIZE} required value=${size} onInput=${(/** @type {any} */ event) => setSize(event.currentTarget.value)} /></div>
        <div class="field"><label for="round-note">What for</label><input id="round-note" maxlength="500" value=${note} onInput=${(/** @type {any} */ event) => setNote(event.currentTarget.value)} /></div>
      </div>
      <${ErrorNotice} error=${drawing.error || saving.error} />
      <p class="actions">
        <button disabled=${drawing.busy}>${drawing.busy ? "Drawing …" : "Draw a round"}</button>
        <button type="button" disabled=${saving.busy} onClick=${() => void save()}>Download what is labelled</button>
      </p>
    </form>
  </section>`;
}
