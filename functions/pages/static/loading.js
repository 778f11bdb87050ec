/** Reading something from the API for a view, and doing something there, with the state of both. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/**
 * @template T
 * @typedef {{value: T | null, error: Error | null, busy: boolean, again: () => void}} Loaded
 */

/**
 * What `read` answers. It is read again when one of `inputs` changes, and by `again`.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} read
 * @param {unknown[]} inputs
 * @returns {Loaded<T>}
 */
export function useLoaded(read, inputs) {
  const [round, setRound] = useState(0);
  const [state, setState] = useState(
    /** @type {{value: T | null, error: Error | null, busy: boolean}} */ ({ value: null, error: null, busy: true }),
  );
  const asked = useRef("");
  useEffect(() => {
    const abort = new AbortController();
    const subject = JSON.stringify(inputs);
    // What was read of another model must not stand under this one's name; what is read again may stay.
    const kept = asked.current === subject;
    asked.current = subject;
    setState((before) => ({ value: kept ? before.value : null, error: null, busy: true }));
    read(abort.signal)
      .then((value) => abort.signal.aborted || setState({ value, error: null, busy: false }))
      .catch((error) => abort.signal.aborted || setState((before) => ({ ...before, error, busy: false })));
    return () => abort.abort();
  }, [...inputs, round]);
  const again = useCallback(() => setRound((count) => count + 1), []);
  return { ...state, again };
}

/**
 * Something to do on request, once at a time: `[run, {busy, error}]`. `run` answers what `work` does, or
 * undefined when that failed: then `error` says why until the next try.
 * @template T
 * @template {unknown[]} A
 * @param {(...given: A) => Promise<T>} work
 * @returns {[(...given: A) => Promise<T | undefined>, {busy: boolean, error: Error | null, clear: () => void}]}
 */
export function useAction(work) {
  const [state, setState] = useState(/** @type {{busy: boolean, error: Error | null}} */ ({ busy: false, error: null }));
  const running = useRef(false);
  const run = async (/** @type {A} */ ...given) => {
    if (running.current) return undefined;
    running.current = true;
    setState({ busy: true, error: null });
    try {
      const value = await work(...given);
      setState({ busy: false, error: null });
      return value;
    } catch (error) {
      setState({ busy: false, error: /** @type {Error} */ (error) });
      return undefined;
    } finally {
      running.current = false;
    }
  };
  return [run, { ...state, clear: () => setState({ busy: false, error: null }) }];
}
