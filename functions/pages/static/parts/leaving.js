/** Has the browser ask before this tab goes with what is not finished. */
import { useEffect } from "preact/hooks";

/**
 * While something would be lost: the browser asks, in its own words, before the tab is closed, reloaded or sent elsewhere. To
 * another of these pages one goes without a question: what they hold outlives that (`kept.js`).
 * @param {boolean} isUnfinished
 */
export function useLeaving(isUnfinished) {
  useEffect(() => {
    if (!isUnfinished) return undefined;
    const ask = (/** @type {BeforeUnloadEvent} */ event) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isUnfinished]);
}
