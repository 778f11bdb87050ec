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
/** @typedef {{method?: string, json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} Asked */

const OFFLINE = {
  code: "OFFLINE",
  error: "The server could not be reached. Check the connection and try again; nothing you typed is lost.",
};

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
  /** @type {Record<string, string>} */
  const headers = { ...asked.headers };
  const token = await currentToken();
  if (token) headers.authorization = `Bearer ${token}`;
  let body = asked.body;
  if (asked.json !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(asked.json);
  }
  let response;
  try {
    const url = new URL(path, document.baseURI);
    response = await fetch(url, { method: asked.method || "GET", headers, body, signal: asked.signal });
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new ApiError(0, OFFLINE);
  }
  if (response.ok) return response;
  if (response.status === 401) onUnauthorized();
  throw new ApiError(response.status, await envelopeOf(response));
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

/** @param {Response} response */
async function envelopeOf(response) {
  try {
    const body = await response.json();
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
