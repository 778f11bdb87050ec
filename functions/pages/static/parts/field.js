/** The input of one feature, as the model's schema describes it, with what is wrong with it beside it. */
import { ApiError } from "../api.js";
import { html } from "../html.js";
import { fieldText, numberText, valueText } from "../words.js";
import { Marked } from "./notice.js";

/** @typedef {import("../api.js").Schemas["Feature"]} Feature */

/**
 * @param {{feature: Feature, text: string, fault: string, onText: (text: string) => void}} given
 */
export function FeatureField({ feature, text, fault, onText }) {
  const id = `field-${feature.name}`;
  const hasHint = Boolean(feature.description || range(feature));
  const shared = {
    ...describedBy(id, hasHint, fault),
    name: feature.name,
    required: feature.required,
    onInput: (/** @type {any} */ event) => onText(event.currentTarget.value),
  };
  return html`<div class="field">
    <label for=${id}>${fieldText(feature.name)}${feature.required && html` <span class="required">required</span>`}</label>
    ${feature.categories || feature.type === "boolean"
      ? html`<select ...${shared} value=${text}>
          <option value="">${feature.required ? "choose" : "not known"}</option>
          ${(feature.categories || [true, false]).map(
            (value) => html`<option value=${String(value)} selected=${text === String(value)}>${valueText(value)}</option>`,
          )}
        </select>`
      : html`<input
          ...${shared}
          value=${text}
          autocomplete="off"
          inputmode=${feature.type === "string" ? "text" : "decimal"}
          placeholder=${placeholder(feature)}
        />`}
    ${hasHint && html`<p class="hint" id=${`${id}-hint`}><${Marked} text=${feature.description} />${range(feature)}</p>`}
    ${fault && html`<p class="fault" id=${`${id}-fault`}><${Marked} text=${fault} /></p>`}
  </div>`;
}

/** @param {Feature} feature */
const placeholder = (feature) =>
  feature.example === null || feature.example === undefined ? "" : `for example ${feature.example}`;

/** @param {Feature} feature */
function range({ minimum, maximum }) {
  if (minimum !== null && maximum !== null) return ` (${numberText(minimum)} to ${numberText(maximum)})`;
  if (minimum !== null) return ` (at least ${numberText(minimum)})`;
  return maximum !== null ? ` (at most ${numberText(maximum)})` : "";
}

/**
 * The row that was typed: what was left empty is left out, and what is no number is sent as it stands, for the
 * server to refuse in its words.
 * @param {Feature[]} features
 * @param {Record<string, string>} texts
 */
export function typedRow(features, texts) {
  /** @type {Record<string, unknown>} */
  const row = {};
  for (const feature of features) {
    const text = (texts[feature.name] || "").trim();
    if (text) row[feature.name] = typedValue(feature, text);
  }
  return row;
}

/**
 * @param {Feature} feature
 * @param {string} text
 */
function typedValue(feature, text) {
  const choice = feature.categories?.find((value) => String(value) === text);
  if (choice !== undefined) return choice;
  if (feature.type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  if (feature.type === "string") return text;
  const number = Number(text.replace(",", "."));
  return Number.isNaN(number) ? text : number;
}

// 1,000 is a thousand to some and one to others; 0,125 and 1,5 are the same to all.
const TWO_MEANINGS = /^[+-]?[1-9]\d{0,2},\d{3}$/;

/**
 * What was typed and could mean two numbers, with what to do about it: to be asked back, not guessed.
 * @param {Feature[]} features
 * @param {Record<string, string>} texts
 * @returns {Record<string, string>}
 */
export function twoMeanings(features, texts) {
  /** @type {Record<string, string>} */
  const faults = {};
  for (const { name, type, categories } of features) {
    const text = (texts[name] || "").trim();
    if (categories || !["number", "integer"].includes(type) || !TWO_MEANINGS.test(text)) continue;
    faults[name] = `could be ${text.replace(",", "")} or ${text.replace(",", ".")}: write the one that you mean, without a comma`;
  }
  return faults;
}

/**
 * The server's faults by the field that each is about: the last part of its place that is one of `names`.
 * @param {Error | null} error
 * @param {string[]} names
 * @returns {Record<string, string>}
 */
export function faultsByField(error, names) {
  /** @type {Record<string, string>} */
  const faults = {};
  if (!(error instanceof ApiError)) return faults;
  for (const fault of error.detail) {
    const name = fieldOf(fault, names);
    if (name && !faults[name]) faults[name] = fault.msg;
  }
  return faults;
}

/**
 * @param {import("../api.js").Fault} fault
 * @param {string[]} names
 */
export const fieldOf = ({ loc }, names) => loc.map(String).findLast((part) => names.includes(part));

/**
 * Any other input, with what it is for and what the server said of it. `children` is the input, to which
 * `describedBy(id, hint, fault)` belongs.
 * @param {{id: string, label: any, hint?: string, fault?: string, children?: any}} given
 */
export const LabelledField = ({ id, label, hint, fault, children }) => html`<div class="field">
  <label for=${id}>${label}</label>
  ${children}
  ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  ${fault && html`<p class="fault" id=${`${id}-fault`}><${Marked} text=${fault} /></p>`}
</div>`;

/**
 * What ties an input to its hint and its fault, for who cannot see that they stand together.
 * @param {string} id
 * @param {unknown} hint
 * @param {unknown} fault
 */
export const describedBy = (id, hint, fault) => ({
  id,
  "aria-describedby": [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined,
  "aria-invalid": fault ? "true" : undefined,
});
