/** Who is known: from what is kept of what they did, each under the id that it was recorded by. */
import { ApiError, ask, pathOf } from "./api.js";
import { session } from "./session.js";
import { Store } from "./store.js";

/**
 * @typedef {import("./api.js").Schemas} Schemas
 * @typedef {Map<string, string>} Days the day of the last prediction, by the id of a key or person
 * @typedef {{days: Days, until: string | null}} Asked until: up to when every model's log was read; null: none was
 * @typedef {{id: string, did: string[]}} Seen
 * @typedef {{id: string, name: string}} Member
 */

// What the id of a person begins with.
export const PERSON = "user:";

/**
 * What each key was noted for, by its id: told to administrators alone.
 * @type {Store<Map<string, string>>}
 */
export const notes = new Store(new Map());

/**
 * All keys, whose notes are kept to call them by.
 * @param {AbortSignal} [signal]
 * @returns {Promise<Schemas["ListedKey"][]>}
 */
export async function readKeys(signal) {
  /** @type {Schemas["KeyPage"]} */
  const { keys } = await ask("keys", { signal });
  notes.set(new Map(keys.map(({ id, note }) => [id, note])));
  return keys;
}

/**
 * What to call who did something: a person by their name, a key by its id and, where that may be known, its note.
 * @param {string} source the id that was recorded, and perhaps a name below it
 */
export function callerText(source) {
  const id = idOf(source);
  const note = notes.value.get(id);
  const key = isCaller(id) ? `key ${id}` : id;
  const name = id.startsWith(PERSON) ? id.slice(PERSON.length) : note ? `${key} (${note})` : key;
  return source === id ? name : `${name}, as ${source.slice(id.length + 1)}`;
}

/**
 * The same to that person: "you".
 * @param {string} source
 */
export function personText(source) {
  const own = session.value?.identity.id;
  if (!own || idOf(source) !== own) return callerText(source);
  return source === own ? "you" : `you, as ${source.slice(own.length + 1)}`;
}

/** @param {string[]} ids */
export const peopleText = (ids) => (ids.length === 0 ? "everybody who may label" : ids.map(personText).join(", "));

/**
 * Who uploaded a dataset.
 * @param {{uploaded_by: string | null, lineage: unknown}} facts
 */
export const uploaderText = (facts) => (facts.uploaded_by ? callerText(facts.uploaded_by) : facts.lineage ? "the monitor" : "not by these pages");

/**
 * When each key and person last had a prediction, of any model that may be seen.
 * @param {AbortSignal} signal
 * @returns {Promise<Asked>}
 */
export async function lastPredictions(signal) {
  const names = [];
  for (let after = ""; after !== null; ) {
    /** @type {Schemas["ModelPage"]} */
    const page = await ask(`models?limit=100${after && `&after=${encodeURIComponent(after)}`}`, { signal });
    names.push(...page.models.map((one) => one.name));
    after = /** @type {any} */ (page.next);
  }
  const traffic = (await Promise.all(names.map((name) => trafficOf(name, signal)))).filter((one) => one !== null);
  /** @type {Days} */
  const days = new Map();
  for (const { callers } of traffic) {
    for (const [id, day] of Object.entries(callers)) if (day > (days.get(id) || "")) days.set(id, day);
  }
  return { days, until: traffic.map((one) => one.until).sort()[0] || null };
}

/**
 * Of a model that the monitor has not looked at yet: null.
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<Schemas["Traffic"] | null>}
 */
async function trafficOf(model, signal) {
  try {
    return await ask(`${pathOf(model)}/monitoring/traffic?days=1`, { signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/**
 * Who is named in what is kept of a model: labels and rounds of the last days, uploads, changes of what is in service.
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<Seen[]>}
 */
export async function whoIsNamed(model, signal) {
  const path = pathOf(model);
  /** @type {[Schemas["Progress"], Schemas["ListedRound"][], Schemas["UploadPage"], Schemas["HistoryPage"]]} */
  const [progress, rounds, uploads, history] = await Promise.all([
    ask(`${path}/feedback/progress`, { signal }),
    ask(`${path}/feedback/rounds`, { signal }),
    ask(`${path}/uploads?limit=100`, { signal }),
    ask(`${path}/history?limit=100`, { signal }).catch(nothing),
  ]);
  /** @type {Map<string, Set<string>>} */
  const seen = new Map();
  const note = (/** @type {string | null | undefined} */ id, /** @type {string} */ what) => {
    if (isCaller(id)) seen.set(id, (seen.get(id) || new Set()).add(what));
  };
  for (const source of Object.keys(progress.sources)) note(idOf(source), "labelled");
  for (const { by, team, locked } of rounds) {
    note(by, "drew a round");
    note(locked?.by, "locked a round");
    for (const id of team || []) note(id, "is in a team");
  }
  for (const upload of uploads.uploads) note(upload.uploaded_by, "uploaded");
  for (const promotion of history.promotions) note(promotion.by, "changed what is in service");
  return [...seen].map(([id, did]) => ({ id, did: [...did] })).sort((a, b) => a.id.localeCompare(b.id));
}

/** A model without a champion has no history. @param {unknown} error @returns {Schemas["HistoryPage"]} */
function nothing(error) {
  if (error instanceof ApiError && error.code === "NO_CHAMPION") return { promotions: [], next: null };
  throw error;
}

/**
 * The keys and people that may label a model, with what to call them: of what an administrator is told.
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<Member[]>}
 */
export async function membersOf(model, signal) {
  /** @type {[Schemas["ListedKey"][], Schemas["People"]]} */
  const [keys, { people }] = await Promise.all([readKeys(signal), ask("people", { signal })]);
  const mayLabel = (/** @type {{scopes: string[]}} */ { scopes }) => scopes.includes("feedback") || scopes.includes("admin");
  const ofModel = keys.filter((key) => key.state === "active" && (key.models.length === 0 || key.models.includes(model)));
  return [
    ...people.filter(mayLabel).map(({ id }) => ({ id, name: callerText(id) })),
    ...ofModel.filter(mayLabel).map(({ id, note }) => ({ id, name: note })),
  ];
}

/**
 * The id in the source of a label, which may have a name below it.
 * @param {string} source
 */
export const idOf = (source) => source.split("/")[0];

/**
 * Whether an id is a key's or a person's: the gate and the monitor have names of their own.
 * @param {string | null | undefined} id
 * @returns {id is string}
 */
const isCaller = (id) => typeof id === "string" && (/^[0-9a-f]{8}$/.test(id) || id.startsWith(PERSON));
