/** Every request to the API goes through here: the caller's token, the error envelope, a lost connection. */

/** A refusal in the words of the API's envelope. `status` is 0 when no answer came. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Partial<Schemas["ErrorEnvelope"]>} envelope
   */
  constructor(status, envelope) {
    super(envelope.error || `the server answered ${status}`);
    this.status = status;
    this.code = envelope.code || "UNKNOWN";
    this.detail = envelope.detail || [];
    this.requestId = envelope.request_id || "";
  }
}

/**
 * What the API takes and answers, by the names in openapi.json: `npm run check` makes the types of it.
 * @typedef {import("../api").components["schemas"]} Schemas
 * @typedef {Schemas["ErrorDetail"]} Fault
 */
/**
 * A schema as it is answered: what has a default, and need not be sent, is there all the same.
 * @template {keyof Schemas} Name
 * @typedef {Whole<Schemas[Name]>} Answered
 */
/**
 * @template T
 * @typedef {unknown extends T ? T : {[Key in keyof T]-?: Whole<T[Key]>}} Whole
 */
/** @typedef {{method?: string, json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean}} Asked */

/** What is thrown when no answer came. */
export const offline = () =>
  new ApiError(0, {
    code: "OFFLINE",
    error: "The server could not be reached. Check the connection and try again; nothing you typed is lost.",
  });

/** @type {() => Promise<string | null>} */
let currentToken = async () => null;
let onUnauthorized = () => {};

/**
 * Say where tokens come from, and what to do when the server no longer takes one.
 * @param {() => Promise<string | null>} token
 * @param {() => void} unauthorized
 */
export function authenticateWith(token, unauthorized) {
  currentToken = token;
  onUnauthorized = unauthorized;
}

/**
 * Send a request and return the answer. Throws `ApiError` for anything but a success.
 * @param {string} path below the place that this page came from, without a leading slash
 * @param {Asked} asked
 * @returns {Promise<Response>}
 */
export async function send(path, asked = {}) {
  const headers = { ...(await credentials()), ...asked.headers };
  let body = asked.body;
  if (asked.json !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(asked.json);
  }
  let response;
  try {
    const url = new URL(path, document.baseURI);
    response = await fetch(url, { method: asked.method || "GET", headers, body, signal: asked.signal, keepalive: asked.keepalive });
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw offline();
  }
  if (response.ok) return response;
  throw refusal(response.status, await response.text());
}

/**
 * What shows the server who asks.
 * @returns {Promise<Record<string, string>>}
 */
async function credentials() {
  const token = await currentToken();
  return token ? { authorization: `Bearer ${token}` } : {};
}

/**
 * Send a file and return the JSON of the answer; `progress` is told the share that is on its way. Throws
 * `ApiError` for anything but a success.
 * @param {string} method
 * @param {string} path
 * @param {Blob} file
 * @param {(share: number) => void} progress
 * @returns {Promise<any>}
 */
export async function sendFile(method, path, file, progress) {
  const headers = { ...(await credentials()), "content-type": file.type || "application/gzip" };
  const { status, text } = await transfer(method, new URL(path, document.baseURI).href, headers, file, progress);
  if (status < 200 || status > 299) throw refusal(status, text);
  return JSON.parse(text);
}

/**
 * Send the bytes of a file to an address, whoever answers there, and tell of the answer. Throws `ApiError` of status 0 when none
 * came, and what `signal` was aborted with.
 * @param {string} method
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {Blob} file
 * @param {(share: number) => void} progress
 * @param {AbortSignal} [signal]
 * @returns {Promise<{status: number, text: string}>}
 */
export function transfer(method, url, headers, file, progress, signal) {
  // `fetch` does not tell how far it is.
  const request = new XMLHttpRequest();
  request.open(method, url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", (event) => progress(event.lengthComputable ? event.loaded / event.total : 0));
  return new Promise((resolve, reject) => {
    request.addEventListener("error", () => reject(offline()));
    request.addEventListener("abort", () => reject(signal?.reason));
    request.addEventListener("load", () => resolve({ status: request.status, text: request.responseText }));
    signal?.throwIfAborted();
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/**
 * Send a request and return the JSON of its answer; null for an empty one.
 * @param {string} path
 * @param {Asked} [asked]
 * @returns {Promise<any>}
 */
export async function ask(path, asked) {
  const response = await send(path, asked);
  return response.status === 204 ? null : response.json();
}

/**
 * The refusal that an answer is. Who is not known any more signs in again.
 * @param {number} status
 * @param {string} text
 */
function refusal(status, text) {
  if (status === 401) onUnauthorized();
  return new ApiError(status, envelopeOf(text));
}

/** @param {string} text */
function envelopeOf(text) {
  try {
    const body = JSON.parse(text);
    // The gateway's own refusals have a `message` only.
    return body.error ? body : { error: body.message };
  } catch {
    return {};
  }
}

/**
 * The beginning of the paths about a model.
 * @param {string} model
 */
export const pathOf = (model) => `models/${encodeURIComponent(model)}`;
