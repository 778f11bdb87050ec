/** Lines and bars over numbers or times, with the same numbers as a table behind each. */
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { numberText, timeText } from "../words.js";
import { Rows } from "./rows.js";

const HEIGHT = 240;
/** The library, once a chart has needed it: from then on drawing waits for nothing. */
let Plot = /** @type {any} */ (null);

/** Fetch the library and its style sheet, which stands before that of the pages. */
async function fetchLibrary() {
  const href = new URL("../vendor/uplot.css", import.meta.url).href;
  if (!document.querySelector(`link[href="${href}"]`)) {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    document.head.querySelector('link[rel="stylesheet"]')?.before(style);
  }
  Plot = (await import("uplot")).default;
}

/**
 * A series: `bars` draws it as bars, `stepped` as a line that keeps a value until the next. low, high: the ends
 * of an interval around each value, drawn as whiskers. `joined` draws a line across places without a value;
 * `inTable` shows it in the table alone. Its colour is one of the style sheet's, --series-1 to --series-4.
 * @typedef {{name: string, values: (number | null)[], low?: (number | null)[], high?: (number | null)[],
 *   colour?: 1 | 2 | 3 | 4, bars?: boolean, dashed?: boolean, points?: boolean, stepped?: boolean, joined?: boolean,
 *   inTable?: boolean, text?: (value: number) => string}} Series
 */

/**
 * @typedef {{x: number[], times: boolean, range?: [number, number], xRange?: [number, number], xTexts?: string[],
 *   yTexts?: string[], names?: [string, string], height: number}} Scales
 */

/**
 * @param {{title: string, x: number[], xName: string, series: Series[], times?: boolean, height?: number,
 *   range?: [number, number], xRange?: [number, number], xTexts?: string[], yTexts?: string[], yName?: string}} given
 * x: where the values stand; for `times` in milliseconds. xTexts, yTexts: what to call the places 0, 1, … instead.
 * yName: what the values are, if that is to stand at the axes.
 */
export function Chart({ title, x, xName, series: all, times = false, height = HEIGHT, range, xRange, xTexts, yTexts, yName }) {
  const series = all.filter((one) => !one.inTable);
  /** @type {Scales} */
  const scales = { x, times, range, xRange, xTexts, yTexts, names: yName ? [xName, yName] : undefined, height };
  /** @type {{current: HTMLDivElement | null}} */
  const box = useRef(null);
  const [isLost, setIsLost] = useState(false);
  useEffect(() => {
    setIsLost(false);
    let plot = /** @type {any} */ (null);
    let over = false;
    const element = box.current;
    if (!element) return undefined;
    const draw = () => {
      if (!Plot) return void fetchLibrary().then(draw, () => over || setIsLost(true));
      if (over || !element.clientWidth) return;
      plot?.destroy();
      plot = new Plot(options(Plot, element.clientWidth, series, scales), data(x, series, times), element);
    };
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    // Paper has its own colours and its own width.
    const paper = matchMedia("print");
    for (const media of [scheme, paper]) media.addEventListener("change", draw);
    draw();
    return () => {
      over = true;
      resized.disconnect();
      for (const media of [scheme, paper]) media.removeEventListener("change", draw);
      plot?.destroy();
    };
  }, [JSON.stringify([scales, series])]);
  const name = (/** @type {number} */ index) => xTexts?.[index] ?? (times ? timeText(new Date(x[index]).toISOString()) : numberText(x[index]));
  const columns = [
    { name: xName, cell: (/** @type {number} */ index) => name(index) },
    ...all.map((one) => ({ name: one.name, figure: true, cell: (/** @type {number} */ index) => cellText(one, index, yTexts) })),
  ];
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    ${series.length > 1 &&
    html`<ul class="legend" aria-hidden="true">
      ${series.map((one, index) => html`<li><span class=${`swatch series-${one.colour || index + 1}`}></span>${one.name}</li>`)}
    </ul>`}
    ${isLost && html`<p class="hint">The picture could not be loaded. The numbers are here all the same.</p>`}
    <div ref=${box} class="plot" aria-hidden="true" style=${{ height: `${height}px` }}></div>
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
 * So much of the scale that values and whiskers fit in, with some room.
 * @param {Series[]} series
 */
const around = (series) => () => {
  const known = series.flatMap((one) => [...one.values, ...(one.low || []), ...(one.high || [])]).filter((value) => typeof value === "number");
  if (known.length === 0) return [0, 1];
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const room = 0.08 * (most - least) || 0.1 * Math.abs(most) || 1;
  return [least >= 0 ? Math.max(0, least - room) : least - room, most + room];
};

/**
 * @param {Series} series
 * @param {number} index
 * @param {string[]} [yTexts]
 */
function cellText({ values, low, high, text = numberText }, index, yTexts) {
  const value = values[index];
  if (value === null || value === undefined) return "—";
  if (yTexts) return yTexts[value];
  const [from, to] = [low?.[index], high?.[index]];
  return typeof from === "number" && typeof to === "number" ? `${text(value)} (${text(from)} to ${text(to)})` : text(value);
}

/**
 * @param {any} library uPlot
 * @param {number} width
 * @param {Series[]} series
 * @param {Scales} given
 * @returns {any} what uPlot takes
 */
function options(library, width, series, { x, times, range, xRange, xTexts, yTexts, names, height }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  const strokes = series.map((one, index) => colour(`--series-${one.colour || index + 1}`));
  const bars = series.filter((one) => one.bars);
  const slanted = xTexts && (xTexts.join("").length + 2 * xTexts.length) * LETTER > width - 60;
  const along = times ? { values: timesAt, space: 70 } : xTexts && { values: named(xTexts), grid: { show: false }, ticks: { show: false }, ...(slanted && { rotate: -40, space: 18, size: 12 + LETTER * 0.7 * Math.max(...xTexts.map((text) => text.length)) }) };
  const up = yTexts ? { values: named(yTexts), size: 20 + LETTER * Math.max(...yTexts.map((text) => text.length)) } : { size: 56 };
  const label = (/** @type {number} */ index) => names && { label: names[index], labelSize: 22, labelFont: "12px system-ui, sans-serif" };
  const places = xTexts ? { range: [-0.6, x.length - 0.4] } : xRange ? { range: xRange } : {};
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: times, ...places }, y: range ? { range } : yTexts ? { range: [-0.5, yTexts.length - 0.5] } : bars.length > 0 ? { range: fromNought } : { range: around(series) } },
    axes: [{ ...axis, ...along, ...label(0) }, { ...axis, ...up, ...label(1) }],
    hooks: { draw: [(/** @type {any} */ plot) => series.forEach((one, index) => drawWhiskers(plot, one, strokes[index]))] },
    series: [
      {},
      ...series.map((one, index) => {
        const stroke = strokes[index];
        return {
          label: one.name,
          stroke,
          width: 2,
          dash: one.dashed ? [6, 4] : undefined,
          spanGaps: Boolean(one.joined),
          points: { show: Boolean(one.points), size: 6, fill: stroke },
          ...(one.stepped && { paths: library.paths.stepped({ align: 1 }) }),
          ...(one.bars && {
            fill: `${stroke}aa`,
            width: 0,
            points: { show: false },
            // Two series of bars stand beside each other. A time is where what is counted began.
            paths: library.paths.bars({ size: [0.8 / bars.length], align: bars.length > 1 ? (one === bars[0] ? -1 : 1) : times ? 1 : 0 }),
          }),
        };
      }),
    ],
  };
}

/**
 * Hours with their day where it begins; days alone where they stand farther apart.
 * @param {any} _plot
 * @param {number[]} places seconds
 */
function timesAt(_plot, places) {
  let day = "";
  return places.map((place) => {
    const date = new Date(place * 1000);
    const of = date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    if (places.length > 1 && places[1] - places[0] >= 86_400) return of;
    const isSame = of === day;
    day = of;
    const time = date.toLocaleTimeString("en-GB", { timeStyle: places[1] - places[0] < 60 ? "medium" : "short" });
    return isSame ? time : `${time}\n${of}`;
  });
}

// About as wide as a letter at an axis.
const LETTER = 7;

/** @param {string[]} texts */
const named = (texts) => (/** @type {any} */ _plot, /** @type {number[]} */ places) => places.map((at) => (Number.isInteger(at) ? (texts[at] ?? "") : ""));

/**
 * @param {any} plot
 * @param {Series} series
 * @param {string} stroke
 */
function drawWhiskers(plot, { low, high }, stroke) {
  if (!low || !high) return;
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([]);
  ctx.beginPath();
  plot.data[0].forEach((/** @type {number} */ place, /** @type {number} */ index) => {
    const [from, to] = [low[index], high[index]];
    if (typeof from !== "number" || typeof to !== "number") return;
    const across = plot.valToPos(place, "x", true);
    ctx.moveTo(across, plot.valToPos(from, "y", true));
    ctx.lineTo(across, plot.valToPos(to, "y", true));
  });
  ctx.stroke();
  ctx.restore();
}
