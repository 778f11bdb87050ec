/** A value that views watch: they are drawn again when it changes. */
import { useEffect, useState } from "preact/hooks";

/** @template T */
export class Store {
  /** @param {T} value */
  constructor(value) {
    this.value = value;
    /** @type {Set<() => void>} */
    this.watchers = new Set();
  }

  /** @param {T} value */
  set(value) {
    this.value = value;
    for (const changed of this.watchers) changed();
  }
}

/**
 * The value of a store; the view that asks is drawn again when it changes.
 * @template T
 * @param {Store<T>} store
 * @returns {T}
 */
export function useStore(store) {
  const [, redraw] = useState({});
  useEffect(() => {
    const changed = () => redraw({});
    store.watchers.add(changed);
    // It may have changed between the drawing and this.
    changed();
    return () => void store.watchers.delete(changed);
  }, [store]);
  return store.value;
}
