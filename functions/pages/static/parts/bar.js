/** How much of something is done: a name, a bar, and the figures. */
import { html } from "../html.js";
import { numberText } from "../words.js";

/** @param {{name: string, value: number, of: number, strong?: boolean}} given */
export function Bar({ name, value, of, strong = false }) {
  const share = of > 0 ? Math.floor((100 * value) / of) : 0;
  return html`<div class=${strong ? "bar-line strong" : "bar-line"}>
    <span class="bar-name">${name}</span>
    <progress max=${of || 1} value=${Math.min(value, of)} aria-label=${name}></progress>
    <span class="bar-figures">${numberText(value)} of ${numberText(of)} <span class="given">${share} %</span></span>
  </div>`;
}
