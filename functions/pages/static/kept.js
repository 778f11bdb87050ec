/** What somebody typed, kept while they look at other pages, until it is sent, thrown away, or somebody else signs in. */
import { useState } from "preact/hooks";
import { session } from "./session.js";
import { Store } from "./store.js";

/** @type {Map<string, unknown>} */
const kept = new Map();
/** @type {string | null} */
let owner = session.value?.identity.id ?? null;
/** What would be lost with this tab or this sign-in, each in words. @type {Store<Set<string>>} */
export const unsent = new Store(new Set());

session.watchers.add(() => {
  // Whose sign-in has expired, and who comes back, goes on; nobody sees what another has typed.
  const id = session.value?.identity.id;
  if (id && owner && id !== owner) forgetAll();
  owner = id ?? owner;
});

/** Throw away everything. */
export function forgetAll() {
  kept.clear();
  unsent.set(new Set());
}

/**
 * The state of a view under a name of its own, as `useState` has it, that outlives the view.
 * @template T
 * @param {string} name
 * @param {T} initial
 * @returns {[T, (value: T | ((before: T) => T)) => void]}
 */
export function useKept(name, initial) {
  const read = () => /** @type {T} */ (kept.has(name) ? kept.get(name) : initial);
  const [, redraw] = useState({});
  const set = (/** @type {T | ((before: T) => T)} */ value) => {
    kept.set(name, typeof value === "function" ? /** @type {(before: T) => T} */ (value)(read()) : value);
    redraw({});
  };
  return [read(), set];
}

/**
 * Note that something is not sent yet, or that it is no longer so.
 * @param {string} what in words, for whoever is about to lose it
 * @param {boolean} isUnsent
 */
export function noteUnsent(what, isUnsent) {
  if (unsent.value.has(what) === isUnsent) return;
  const left = new Set(unsent.value);
  if (isUnsent) left.add(what);
  else left.delete(what);
  unsent.set(left);
}
