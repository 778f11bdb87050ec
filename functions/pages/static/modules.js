/** The parts of the pages that are fetched when they are first shown: a sign-in waits for none of them. */
import { ApiError, offline, send } from "./api.js";

/** @typedef {(given: any) => any} View */

/** @type {Record<string, {address: string, fetched: () => Promise<View>}>} */
const PARTS = {
  frame: { address: "./frame.js", fetched: async () => (await import("./frame.js")).Frame },
  "open-docs": { address: "./frame.js", fetched: async () => (await import("./frame.js")).OpenDocs },
  predict: { address: "./views/predict.js", fetched: async () => (await import("./views/predict.js")).Predict },
  label: { address: "./views/label.js", fetched: async () => (await import("./views/label.js")).Label },
  data: { address: "./views/data.js", fetched: async () => (await import("./views/data.js")).Data },
  models: { address: "./views/models.js", fetched: async () => (await import("./views/models.js")).Models },
  monitoring: { address: "./views/monitoring.js", fetched: async () => (await import("./views/monitoring.js")).Monitoring },
  keys: { address: "./views/keys.js", fetched: async () => (await import("./views/keys.js")).Keys },
  docs: { address: "./views/docs.js", fetched: async () => (await import("./views/docs.js")).Docs },
};

/** @type {Map<string, View>} */
const here = new Map();

/**
 * A part that was fetched before.
 * @param {string} name
 */
export const partOf = (name) => here.get(name) || null;

/**
 * A part, fetched with all that it imports. Throws `ApiError`, in the words of the server or of a lost connection.
 * @param {string} name one of `PARTS`
 * @returns {Promise<View>}
 */
export async function fetchPart(name) {
  const { address, fetched } = PARTS[name];
  const view = await fetched().catch(async (error) => {
    // A browser says so of what could not be fetched, and no word of why.
    if (!(error instanceof TypeError)) throw error;
    await send(new URL(address, import.meta.url).href);
    return fetched();
  }).catch((error) => {
    throw error instanceof TypeError ? offline() : error;
  });
  here.set(name, view);
  return view;
}

/**
 * Fetch a part, and others one after another while the browser has nothing else to do. What cannot be had is fetched
 * again, and its reason told, when it is shown.
 * @param {string[]} others
 * @param {string} [first]
 */
export async function fetchInOrder(others, first) {
  for (const name of first ? [first, ...others] : others) {
    if (name !== first) await idle();
    if (!here.has(name)) await fetchPart(name).catch((error) => error instanceof ApiError || console.error(error));
  }
}

/** @returns {Promise<void>} */
const idle = () =>
  new Promise((resolve) => ("requestIdleCallback" in globalThis ? requestIdleCallback(() => resolve(), { timeout: 5_000 }) : void setTimeout(resolve, 500)));
