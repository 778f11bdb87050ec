/** What each feature added to a probability or took from it, the largest first: bars, and the figures. */
import { html } from "../html.js";
import { fieldText, givenText } from "../words.js";

const SHOWN = 12;

/**
 * @param {{explanation: import("../api.js").Schemas["ExplanationAnswer"], row?: Record<string, unknown>, features?: import("./field.js").Feature[]}} given
 * features: of the model, some of which are taken from another value where they are not given
 */
export function Contributions({ explanation, row = {}, features = [] }) {
  const given = (/** @type {string} */ name) => {
    const source = features.find((feature) => feature.derives === name && row[feature.name] !== undefined);
    return row[name] === undefined && source ? `from ${fieldText(source.name)}` : row[name] === undefined ? "not known" : givenText(row[name]);
  };
  const sorted = Object.entries(explanation.contributions).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const widest = Math.max(0.01, ...sorted.map(([, share]) => Math.abs(share)));
  return html`<table class="contributions">
    <caption>
      Beginning at ${(100 * explanation.base_probability).toFixed(1)} %, the average, each value moved the answer by so
      many points
    </caption>
    <thead>
      <tr><th scope="col">Value</th><th scope="col" class="picture"><span class="for-readers">Picture</span></th><th scope="col">Points</th></tr>
    </thead>
    <tbody>
      ${sorted.slice(0, SHOWN).map(
        ([name, share]) => html`<tr key=${name}>
          <th scope="row">${fieldText(name)} <span class="given">${given(name)}</span></th>
          <td class="picture" aria-hidden="true">
            <span class=${share < 0 ? "less" : "more"} style=${{ width: `${(50 * Math.abs(share)) / widest}%` }}></span>
          </td>
          <td class="figure">${share >= 0 ? "+" : "−"}${(100 * Math.abs(share)).toFixed(1)}</td>
        </tr>`,
      )}
    </tbody>
    ${sorted.length > SHOWN &&
    html`<tfoot><tr><td colspan="3">and ${sorted.length - SHOWN} more that mattered less</td></tr></tfoot>`}
  </table>`;
}
