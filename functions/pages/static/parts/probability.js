/** A probability as a picture: a bar, the line above which the answer is yes, and the figure. */
import { html } from "../html.js";
import { percentText } from "../words.js";

/** @param {{probability: number, threshold?: number, label?: string}} given */
export function Probability({ probability, threshold, label = "Probability" }) {
  return html`<div class="probability">
    <div
      class="bar"
      role="meter"
      aria-label=${label}
      aria-valuemin="0"
      aria-valuemax="1"
      aria-valuenow=${probability}
      aria-valuetext=${percentText(probability)}
    >
      <span class="filled" style=${{ width: `${100 * probability}%` }}></span>
      ${threshold !== undefined && html`<span class="line" style=${{ left: `${100 * threshold}%` }}></span>`}
    </div>
    <output>${percentText(probability)}</output>
  </div>`;
}
