/** How far labelling has come: of the round, of each who labels, and how far they agree. */
import { useEffect } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { Bar } from "../parts/bar.js";
import { Figure, Figures } from "../parts/figures.js";
import { WhenLoaded } from "../parts/notice.js";
import { numberText, percentText } from "../words.js";
import { idOf, personText } from "../people.js";

/**
 * @typedef {import("../api.js").Answered<"Agreement">} Agreement
 * @typedef {import("../api.js").Answered<"Progress">} Progress
 */

/**
 * @param {{model: string, round: string | null,
 *   listed: import("./rounds.js").ListedRound | null, count: number, step: number, told: (ids: string[]) => void}} given
 * count: labels of this tab. step: counted anew when it changes. told: of the ids of those who have labelled.
 */
export function LabelProgress({ model, round, listed, count, step, told }) {
  const path = `${pathOf(model)}/feedback/progress${round ? `?round=${encodeURIComponent(round)}` : ""}`;
  const loaded = useLoaded((signal) => ask(path, { signal }), [path]);
  useEffect(() => {
    if (step) loaded.again();
  }, [step]);
  useEffect(() => {
    if (loaded.value) told([...new Set(Object.keys(loaded.value.sources).map(idOf))]);
  }, [loaded.value]);
  return html`<section class="card">
    <h2>Progress</h2>
    <${WhenLoaded} loaded=${loaded} what="the progress">
      ${(/** @type {Progress} */ progress) => html`<${Bars} progress=${progress} listed=${listed} />
        <${Figures}>
          <${Figure} name="In this tab">${numberText(count)}<//>
          <${Figure} name="Labels in all">${numberText(progress.labels)}<//>
          <${Figure} name="Corrections">${numberText(progress.corrections)}<//>
          <${Figure} name="Nobody knows yet">${numberText(progress.unsure)}<//>
        <//>
        ${progress.damaged_lines > 0 && html`<p class="hint">${numberText(progress.damaged_lines)} lines of the log could not be read, and are not counted.</p>`}
        ${progress.agreement.length > 0 && html`<h3>Agreement</h3><ul class="plain">${progress.agreement.map((pair) => html`<${Pair} pair=${pair} />`)}</ul>`}
        <p class="actions"><button type="button" onClick=${loaded.again}>Count again</button></p>`}
    <//>
  </section>`;
}

/** @param {{progress: Progress, listed: import("./rounds.js").ListedRound | null}} given */
function Bars({ progress, listed }) {
  const all = progress.predictions;
  const counts = { ...Object.fromEntries((listed?.team || []).map((id) => [id, 0])), ...progress.sources };
  const people = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return html`<p class="hint">Of all predictions${listed ? " of the round" : " of the last days"}. Equal ones are labelled together, so there are fewer rows to label.</p>
  <div class="bars">
    <${Bar} name=${listed ? "The team" : "Everybody"} value=${progress.labelled} of=${all} strong=${true} />
    ${listed && listed.wanted > 1 && html`<${Bar} name=${`With ${listed.wanted} labels`} value=${progress.complete} of=${all} strong=${true} />`}
    ${people.map(([source, number]) => html`<${Bar} key=${source} name=${personText(source)} value=${number} of=${all} />`)}
  </div>`;
}

/** @param {{pair: Agreement}} given */
function Pair({ pair }) {
  const { sources, both, raw, kappa } = pair;
  return html`<li>
    <${Bar} name=${`${personText(sources[0])} and ${personText(sources[1])}`} value=${Math.round(raw * both)} of=${both} />
    <p class="fine">The same in ${percentText(raw)} of ${numberText(both)}${kappa === null ? "" : `: ${kappaText(kappa)} agreement (kappa ${kappa.toFixed(2)})`}</p>
  </li>`;
}

/** @param {number} kappa Landis & Koch (1977) name its ranges so. */
function kappaText(kappa) {
  const words = [[0.8, "almost perfect"], [0.6, "substantial"], [0.4, "moderate"], [0.2, "fair"], [0, "slight"]];
  const [, word] = words.find(([least]) => kappa > /** @type {number} */ (least)) || [0, "no more than chance"];
  return word;
}
