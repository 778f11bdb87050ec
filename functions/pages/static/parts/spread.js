/** How values are spread: a bar for each bin in which there are any. */
import { html } from "../html.js";
import { numberText } from "../words.js";
import { Chart } from "./chart.js";

/** @typedef {{edges: number[] | null, categories: string[] | null, counts: number[]}} Bins */

/**
 * @param {{title: string, bins: Bins, series: import("./chart.js").Series[], xName?: string, height?: number}} given
 * series: with a value for each bin, the last of which is that of rows without a value.
 */
export function Spread({ title, bins, series, xName = "Value", height }) {
  const texts = binTexts(bins);
  // What never occurs tells nothing.
  const kept = texts.map((_, index) => index).filter((index) => series.some(({ values }) => values[index]));
  return html`<${Chart}
    title=${title}
    xName=${xName}
    height=${height}
    x=${kept.map((_, place) => place)}
    xTexts=${kept.map((index) => texts[index])}
    series=${series.map((one) => ({ ...one, values: kept.map((index) => one.values[index]) }))}
  />`;
}

/**
 * What the bins of a distribution are called, the last being that of rows without a value.
 * @param {{edges: number[] | null, categories: string[] | null}} distribution
 */
function binTexts({ edges, categories }) {
  if (categories) return [...categories, "none"];
  // Where a value is frequent an edge lies just below it, and one just above: three digits are what people mean.
  const nothing = 2e-6 * Math.min(1, Math.max(...(edges || []).map(Math.abs)));
  const inner = (edges || []).map((edge) => numberText(Math.abs(edge) < nothing ? 0 : Number(edge.toPrecision(3))));
  if (inner.length === 0) return ["any", "none"];
  const between = inner.slice(1).map((edge, index) => (inner[index] === edge ? edge : `${inner[index]}–${edge}`));
  return [`≤ ${inner[0]}`, ...between, `> ${inner.at(-1)}`, "none"];
}
