/** The input of one feature, as the model's schema describes it, with what is wrong with it beside it. */
import { html } from "../html.js";
import { fieldText, valueText } from "../words.js";

/**
 * @typedef {{name: string, type: string, description: string, example: unknown, required: boolean,
 *   categories: (string | number | boolean)[] | null, minimum: number | null, maximum: number | null,
 *   derives: string | null}} Feature
 */

/**
 * @param {{feature: Feature, text: string, fault: string, onText: (text: string) => void}} given
 */
export function FeatureField({ feature, text, fault, onText }) {
  const id = `field-${feature.name}`;
  const described = [feature.description && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const shared = {
    id,
    name: feature.name,
    required: feature.required,
    "aria-describedby": described || undefined,
    "aria-invalid": fault ? "true" : undefined,
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
    ${feature.description && html`<p class="hint" id=${`${id}-hint`}>${feature.description}${range(feature)}</p>`}
    ${fault && html`<p class="fault" id=${`${id}-fault`}>${fault}</p>`}
  </div>`;
}

/** @param {Feature} feature */
const placeholder = (feature) =>
  feature.example === null || feature.example === undefined ? "" : `for example ${feature.example}`;

/** @param {Feature} feature */
function range({ minimum, maximum }) {
  if (minimum !== null && maximum !== null) return ` (${minimum} to ${maximum})`;
  if (minimum !== null) return ` (at least ${minimum})`;
  return maximum !== null ? ` (at most ${maximum})` : "";
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
