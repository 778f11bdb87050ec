/** One operation of the API: what it takes, what it answers, and a form that sends it. */
import { useState } from "preact/hooks";
import { ApiError, send } from "../api.js";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { bodiesOf, shapeOf } from "../openapi.js";
import { Marked } from "./notice.js";
import { session } from "../session.js";
import { useStore } from "../store.js";
import { sizeText } from "../words.js";

/** @typedef {import("../openapi.js").Document} Document */
/** @typedef {import("../openapi.js").Operation} Operation */
/** @typedef {{name: string, in: string, required?: boolean, description?: string, schema: any}} Parameter */
/** @typedef {{status: number, milliseconds: number, type: string, text: string}} Answered */

const OF_A_MODEL = "/models/{model}";
const MAX_SHOWN = 50_000;
const READABLE = /json|text|csv|xml|yaml/;

/**
 * Words of the document: paragraphs, with code between backticks.
 * @param {{text: string}} given
 */
export const Described = ({ text }) =>
  text.split(/\n\n+/).map((paragraph) => html`<p><${Marked} text=${paragraph} /></p>`);

/** @param {{operation: Operation, whole: Document, own: Document | null, model: string}} given */
export function OperationItem({ operation, whole, own, model }) {
  const { method, path, described } = operation;
  const [open, setOpen] = useState(false);
  return html`<details class="operation" onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary><b class=${`method ${method.toLowerCase()}`}>${method}</b> <code>${path}</code> <span>${described.summary}</span></summary>
    ${open && html`<${Details} operation=${operation} whole=${whole} own=${own} model=${model} />`}
  </details>`;
}

/** @param {{operation: Operation, whole: Document, own: Document | null, model: string}} given */
function Details({ operation, whole, own, model }) {
  const { method, path, described } = operation;
  // What a row is depends on the model: its own document knows.
  const ofModel = path.startsWith(OF_A_MODEL) && own?.paths[path.replace("{model}", model)]?.[method.toLowerCase()];
  const [document, body] = ofModel && own ? [own, ofModel] : [whole, described];
  const answers = Object.entries(body.responses).sort(([one], [other]) => Number(one) - Number(other));
  return html`<div class="inside">
    ${described.description && html`<${Described} text=${described.description} />`}
    <p class="hint">${described.security.length ? "Takes a key or an access token." : "Open: it takes no key."}</p>
    <${TryIt} operation=${operation} document=${document} body=${body} model=${model} />
    ${Object.entries(body.requestBody?.content || {}).map(([type, { schema }]) => html`<details><summary>What the body may hold, as ${type}</summary><pre tabindex="0">${shapeOf(document, schema)}</pre></details>`)}
    <h3>Answers</h3>
    <dl class="pairs">
      ${answers.map(
        ([status, answer]) => html`<dt><b>${status}</b></dt>
          <dd>
            ${answer.description}
            ${Number(status) < 300 &&
            Object.entries(answer.content || {}).map(([type, { schema }]) => html`<details><summary>${type}</summary><pre tabindex="0">${shapeOf(document, schema)}</pre></details>`)}
          </dd>`,
      )}
    </dl>
  </div>`;
}

/** @param {{operation: Operation, document: Document, body: any, model: string}} given */
function TryIt({ operation, document, body, model }) {
  const { method, path, described } = operation;
  const signedIn = useStore(session);
  /** @type {Parameter[]} */
  const parameters = described.parameters || [];
  const bodies = bodiesOf(document, body);
  const accepted = Object.keys(Object.entries(body.responses).find(([status]) => Number(status) < 300)?.[1].content || {});
  const [texts, setTexts] = useState(/** @type {Record<string, string>} */ (Object.fromEntries(parameters.map((one) => [one.name, firstText(one, model)]))));
  const [type, setType] = useState(Object.keys(bodies)[0] || "");
  const [edited, setEdited] = useState(/** @type {Record<string, string>} */ ({}));
  const [accept, setAccept] = useState(accepted[0] || "");
  const [answer, setAnswer] = useState(/** @type {Answered | null} */ (null));
  const [act, acting] = useAction(async () => setAnswer(await sent()));
  const text = edited[type] ?? bodies[type] ?? "";
  const id = described.operationId;

  async function sent() {
    const began = performance.now();
    /** @type {Record<string, string>} */
    const headers = { ...headersOf(parameters, texts), ...(accept && { accept }), ...(type && { "content-type": type }) };
    try {
      const response = await send(addressOf(path, parameters, texts).slice(1), { method, headers, body: type ? text : undefined });
      return await read(response, began);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.status) throw error;
      const envelope = { error: error.message, code: error.code, detail: error.detail, request_id: error.requestId };
      return { status: error.status, milliseconds: performance.now() - began, type: "application/json", text: JSON.stringify(envelope, null, 2) };
    }
  }

  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void act();
  };
  return html`<form onSubmit=${submit}>
      ${parameters.length > 0 && html`<div class="fields">${parameters.map((one) => html`<${ParameterField} key=${one.name} id=${`${id}-${one.name}`} parameter=${one} text=${texts[one.name] || ""} onText=${(/** @type {string} */ given) => setTexts({ ...texts, [one.name]: given })} />`)}</div>`}
      ${Object.keys(bodies).length > 1 && html`<${Choice} id=${`${id}-type`} name="Send as" values=${Object.keys(bodies)} value=${type} choose=${setType} />`}
      ${type && html`<div class="field"><label for=${`${id}-body`}>Body</label><textarea id=${`${id}-body`} class="code" rows=${Math.min(16, text.split("\n").length + 1)} spellcheck=${false} value=${text} onInput=${(/** @type {any} */ event) => setEdited({ ...edited, [type]: event.currentTarget.value })}></textarea></div>`}
      ${accepted.length > 1 && html`<${Choice} id=${`${id}-accept`} name="Answer as" values=${accepted} value=${accept} choose=${setAccept} />`}
      <p class="actions">
        ${signedIn || !described.security.length
          ? html`<button class=${method === "DELETE" ? "danger" : "primary"} disabled=${acting.busy}>${acting.busy ? "Sending …" : `Send ${method}`}</button>`
          : html`<a class="button" href="#//docs/sign-in">Sign in to try it</a>`}
      </p>
      ${acting.error && html`<div class="notice bad" role="alert"><p>${acting.error.message}</p></div>`}
      <div role="status">${answer && html`<${Answer} answer=${answer} />`}</div>
    </form>
    <details><summary>The same with curl</summary><pre tabindex="0">${curlOf(method, path, parameters, texts, type, text, described.security.length > 0)}</pre></details>`;
}

/** @param {{id: string, parameter: Parameter, text: string, onText: (text: string) => void}} given */
function ParameterField({ id, parameter, text, onText }) {
  const { schema } = parameter;
  const values = schema.type === "boolean" ? [true, false] : schema.enum;
  const hint = [schema.type === "object" && "as name=value&name=value", parameter.description, schema.default !== undefined && `${schema.default} when left out`];
  const shared = { id, required: parameter.required, "aria-describedby": `${id}-hint`, onInput: (/** @type {any} */ event) => onText(event.currentTarget.value) };
  return html`<div class="field verbatim">
    <label for=${id}><code>${parameter.name}</code> ${parameter.required && html`<span class="required">required</span>`}</label>
    ${values
      ? html`<select ...${shared} value=${text}><option value="">left out</option>${values.map((/** @type {unknown} */ one) => html`<option value=${String(one)} selected=${text === String(one)}>${String(one)}</option>`)}</select>`
      : html`<input ...${shared} value=${text} autocomplete="off" placeholder=${schema.examples ? `for example ${schema.examples[0]}` : ""} />`}
    <p class="hint" id=${`${id}-hint`}>${hint.filter(Boolean).join("; ") || (parameter.in === "path" ? "part of the address" : "")}</p>
  </div>`;
}

/** @param {{id: string, name: string, values: string[], value: string, choose: (value: string) => void}} given */
const Choice = ({ id, name, values, value, choose }) => html`<div class="field">
  <label for=${id}>${name}</label>
  <select id=${id} value=${value} onInput=${(/** @type {any} */ event) => choose(event.currentTarget.value)}>${values.map((one) => html`<option value=${one} selected=${one === value}>${one}</option>`)}</select>
</div>`;

/** @param {{answer: Answered}} given */
const Answer = ({ answer }) => html`<p><b class=${answer.status < 400 ? "went-well" : "went-wrong"}>${answer.status}</b> after ${Math.round(answer.milliseconds)} ms ${answer.type && html`<span class="hint">${answer.type}</span>`}</p>
  ${answer.text && html`<pre tabindex="0" aria-label="The answer">${answer.text}</pre>`}`;

/**
 * @param {Parameter} parameter
 * @param {string} model
 */
function firstText({ name, in: place, schema }, model) {
  if (place !== "path") return "";
  return name === "model" || (name === "name" && model) ? model : String(schema.examples?.[0] ?? "");
}

/**
 * @param {string} path
 * @param {Parameter[]} parameters
 * @param {Record<string, string>} texts
 */
function addressOf(path, parameters, texts) {
  const address = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(texts[name] || ""));
  const query = parameters
    .filter((one) => one.in === "query" && texts[one.name])
    .map((one) => (one.schema.type === "object" ? texts[one.name] : `${encodeURIComponent(one.name)}=${encodeURIComponent(texts[one.name] || "")}`));
  return query.length ? `${address}?${query.join("&")}` : address;
}

/**
 * @param {Parameter[]} parameters
 * @param {Record<string, string>} texts
 */
const headersOf = (parameters, texts) => Object.fromEntries(parameters.filter((one) => one.in === "header" && texts[one.name]).map((one) => [one.name, texts[one.name] || ""]));

/**
 * @param {Response} response
 * @param {number} began
 * @returns {Promise<Answered>}
 */
async function read(response, began) {
  const type = response.headers.get("content-type") || "";
  const bytes = await response.arrayBuffer();
  const milliseconds = performance.now() - began;
  if (bytes.byteLength && !READABLE.test(type)) return { status: response.status, milliseconds, type, text: `${sizeText(bytes.byteLength)} that are no text` };
  let text = new TextDecoder().decode(bytes);
  if (type.includes("json")) text = JSON.stringify(JSON.parse(text), null, 2);
  if (text.length > MAX_SHOWN) text = `${text.slice(0, MAX_SHOWN)}\n… and ${sizeText(text.length - MAX_SHOWN)} more`;
  return { status: response.status, milliseconds, type, text };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Parameter[]} parameters
 * @param {Record<string, string>} texts
 * @param {string} type
 * @param {string} body
 * @param {boolean} closed
 */
function curlOf(method, path, parameters, texts, type, body, closed) {
  const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`;
  const headers = { ...(closed && { "x-api-key": "…" }), ...headersOf(parameters, texts), ...(type && { "content-type": type }) };
  const address = new URL(addressOf(path, parameters, texts).slice(1), globalThis.document.baseURI).href;
  return [
    `curl -X ${method} ${quoted(address)}`,
    ...Object.entries(headers).map(([name, text]) => `-H ${quoted(`${name}: ${text}`)}`),
    ...(type ? [`--data-binary ${quoted(body)}`] : []),
  ].join(" \\\n  ");
}
