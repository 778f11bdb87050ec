/** How far an upload is: on its way, in training, and what came of it. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { linkTo } from "../routing.js";
import { durationText, fileText, percentText, sentenceText } from "../words.js";
import { LeftOut } from "./left-out.js";
import { ErrorNotice } from "./notice.js";

const POLL_MS = 2_000;

/**
 * @typedef {import("../api.js").Answered<"Upload">} Upload
 */

const STATES = {
  training: "in training",
  promoted: "put into service",
  published: "trained, and not put into service",
  unchanged: "the same as before",
  refused: "could not be used",
  crashed: "training failed",
  lost: "no outcome",
  ignored: "no dataset",
};

// A version came of it, or had come before.
const GOOD = ["promoted", "published", "unchanged"];

/** Whether it may be over when one asks again: a lost connection, a server that is busy. @param {Error | null} error */
const mayPass = (error) => error instanceof ApiError && (error.status === 0 || error.status >= 500);

/** @param {Upload} upload */
export const stateText = ({ state }) => STATES[/** @type {keyof typeof STATES} */ (state)] || state;

/** @param {{share: number}} given */
export const Sending = ({ share }) => html`<p class="busy" role="status">
  <progress max="1" value=${share || undefined} aria-label="Sent"></progress>
  ${share >= 1 ? "Sent; waiting for the answer …" : share > 0 ? `Sending, ${percentText(share)} …` : "Compressing …"}
</p>`;

/**
 * Watches an upload until its training has ended. ended: told then whether a version came of it, and whether that one may be in service.
 * @param {{model: string, key_: string, ended: (isGood: boolean, isInService: boolean) => void, made?: any, failed?: any}} given made: shown when a version came of
 *   it; failed: when none did
 */
export function Training({ model, key_, ended, made, failed }) {
  const [upload, setUpload] = useState(/** @type {Upload | null} */ (null));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const [since] = useState(Date.now());
  const [now, setNow] = useState(since);
  useEffect(() => {
    const abort = new AbortController();
    let isGood = false;
    let isInService = false;
    void watch(model, key_, abort.signal, (found, problem) => {
      isGood = found !== null && GOOD.includes(found.state);
      // The same as before may be in service or not: where it is not, the page of its predictions says so.
      isInService = found?.state === "promoted" || found?.state === "unchanged";
      setUpload(found);
      setError(problem);
      setNow(Date.now());
    }).then((over) => over && ended(isGood, isInService));
    return () => abort.abort();
  }, [model, key_]);
  if (!upload || upload.state === "training") {
    return html`<p class="busy" role="status"><progress aria-label="Training"></progress> A model is being trained, for ${durationText(now - since)} now. You may leave this page: it goes on.</p>
      ${mayPass(error) ? html`<p class="hint" role="status">How far it is could not be asked just now (${error?.message}). It is asked again every few seconds; there is nothing to do.</p>` : html`<${ErrorNotice} error=${error} />`}`;
  }
  const good = GOOD.includes(upload.state);
  return html`<div class=${`notice ${good ? "good" : "bad"}`} role=${good ? "status" : "alert"}>
      <p><b>${fileText(upload.file)}: ${stateText(upload)}.</b> ${sentenceText(upload.why)}</p>
      ${upload.version && html`<p><a href=${linkTo(model, "models", upload.version)}>Look at version ${upload.version}</a></p>`}
    </div>
    ${good ? made : failed}
    ${upload.reading && html`<${LeftOut} reading=${upload.reading} />`}`;
}

/**
 * Ask again and again. Returns whether the training has ended; false when nobody waits for it any more.
 * @param {string} model
 * @param {string} key
 * @param {AbortSignal} signal
 * @param {(upload: Upload | null, error: Error | null) => void} tell
 */
async function watch(model, key, signal, tell) {
  let found = /** @type {Upload | null} */ (null);
  for (;;) {
    try {
      const page = await ask(`${pathOf(model)}/uploads?limit=20`, { signal });
      found = page.uploads.find((/** @type {Upload} */ one) => one.key === key) ?? found;
      if (signal.aborted) return false;
      tell(found, null);
      if (found && found.state !== "training") return true;
    } catch (error) {
      if (signal.aborted) return false;
      tell(found, /** @type {Error} */ (error));
      if (!mayPass(/** @type {Error} */ (error))) return false;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (signal.aborted) return false;
  }
}
