/** Lines and bars over numbers or times, with the same numbers as a table behind each. */
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { numberText, timeText } from "../words.js";
import { Rows } from "./rows.js";

const HEIGHT = 240;

/**
 * A series: `bars` draws it as bars. Its colour is one of the style sheet's, --series-1 to --series-4.
 * @typedef {{name: string, values: (number | null)[], colour?: 1 | 2 | 3 | 4, bars?: boolean, dashed?: boolean, points?: boolean}} Series
 */

/**
 * @param {{title: string, x: number[], xName: string, series: Series[], times?: boolean,
 *   range?: [number, number], xTexts?: string[]}} given
 * x: where the values stand; for `times` in milliseconds. xTexts: what to call these places instead.
 */
export function Chart({ title, x, xName, series, times = false, range, xTexts }) {
  /** @type {{current: HTMLDivElement | null}} */
  const box = useRef(null);
  useEffect(() => {
    let plot = /** @type {any} */ (null);
    let over = false;
    const element = box.current;
    if (!element) return undefined;
    const draw = async () => {
      const { default: Plot } = await import("uplot");
      if (over || !element.clientWidth) return;
      plot?.destroy();
      plot = new Plot(options(Plot, element.clientWidth, { x, series, times, range, xTexts }), data(x, series, times), element);
    };
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    void draw();
    return () => {
      over = true;
      resized.disconnect();
      scheme.removeEventListener("change", draw);
      plot?.destroy();
    };
  }, [JSON.stringify([x, series])]);
  const name = (/** @type {number} */ index) => xTexts?.[index] ?? (times ? timeText(new Date(x[index]).toISOString()) : numberText(x[index]));
  const columns = [
    { name: xName, cell: (/** @type {number} */ index) => name(index) },
    ...series.map((one) => ({
      name: one.name,
      figure: true,
      cell: (/** @type {number} */ index) => (one.values[index] === null ? "—" : numberText(/** @type {number} */ (one.values[index]))),
    })),
  ];
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    ${series.length > 1 &&
    html`<ul class="legend" aria-hidden="true">
      ${series.map((one, index) => html`<li><span class=${`swatch series-${one.colour || index + 1}`}></span>${one.name}</li>`)}
    </ul>`}
    <div ref=${box} class="plot" aria-hidden="true" style=${{ height: `${HEIGHT}px` }}></div>
    <details>
      <summary>The numbers</summary>
      <${Rows} caption=${title} columns=${columns} rows=${x.map((_, index) => index)} />
    </details>
  </figure>`;
}

/**
 * @param {number[]} x
 * @param {Series[]} series
 * @param {boolean} times
 */
const data = (x, series, times) => /** @type {any} */ ([times ? x.map((time) => time / 1000) : x, ...series.map((one) => one.values)]);

/**
 * Bars begin at nought: their lengths are what is compared.
 * @param {unknown} _plot
 * @param {number} _low
 * @param {number} high
 */
const fromNought = (_plot, _low, high) => [0, high > 0 ? high * 1.05 : 1];

/**
 * @param {any} Plot
 * @param {number} width
 * @param {{x: number[], series: Series[], times: boolean, range?: [number, number], xTexts?: string[]}} given
 * @returns {any} what uPlot takes
 */
function options(Plot, width, { x, series, times, range, xTexts }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  const ordered = (/** @type {any} */ _plot, /** @type {number[]} */ places) => places.map((at) => (Number.isInteger(at) ? (xTexts?.[at] ?? "") : ""));
  const bars = series.filter((one) => one.bars);
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: times, ...(xTexts && { range: [-0.6, x.length - 0.4] }) }, y: range ? { range } : bars.length > 0 ? { range: fromNought } : {} },
    axes: [{ ...axis, ...(xTexts && { values: ordered }) }, { ...axis, size: 56 }],
    series: [
      {},
      ...series.map((one, index) => {
        const stroke = colour(`--series-${one.colour || index + 1}`);
        return {
          label: one.name,
          stroke,
          width: 2,
          dash: one.dashed ? [6, 4] : undefined,
          points: { show: Boolean(one.points), size: 6, fill: stroke },
          ...(one.bars && {
            fill: `${stroke}aa`,
            width: 0,
            points: { show: false },
            // Two series of bars stand beside each other.
            paths: Plot.paths.bars({ size: [0.8 / bars.length], align: bars.length > 1 ? (one === bars[0] ? -1 : 1) : 0 }),
          }),
        };
      }),
    ],
  };
}
