/** Asks before something is done that others will notice, or that loses what was typed. */
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { ErrorNotice } from "./notice.js";

/**
 * A dialog that asks for a reason and then does `act` with it; it stays open, and says why, when that fails.
 * @param {{title: string, verb: string, act: (reason: string) => Promise<unknown>, close: () => void,
 *   danger?: boolean, busy?: boolean, error?: Error | null, children?: any}} given
 */
export function ReasonDialog({ title, verb, act, close, danger, busy, error, children }) {
  const [reason, setReason] = useState("");
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    await act(reason.trim());
  };
  return html`<${Modal} title=${title} close=${close}>
    <form onSubmit=${submit}>
      ${children}
      <div class="field">
        <label for="reason">Reason <span class="required">required</span></label>
        <textarea
          id="reason"
          required
          maxlength="500"
          rows="3"
          value=${reason}
          onInput=${(/** @type {any} */ event) => setReason(event.currentTarget.value)}
        ></textarea>
        <p class="hint">Kept in the history, with your name.</p>
      </div>
      <${ErrorNotice} error=${error || null} />
      <p class="actions">
        <button class=${danger ? "danger" : "primary"} disabled=${busy || !reason.trim()}>${busy ? "Working …" : verb}</button>
        <button type="button" onClick=${close}>Cancel</button>
      </p>
    </form>
  <//>`;
}

/**
 * A dialog that asks whether something shall be lost.
 * @param {{title: string, verb: string, keep: string, act: () => void, close: () => void, children?: any}} given
 *   verb: what loses it; keep: what does not
 */
export const LosingDialog = ({ title, verb, keep, act, close, children }) => html`<${Modal} title=${title} close=${close}>
  ${children}
  <p class="actions">
    <button type="button" class="primary" autofocus onClick=${close}>${keep}</button>
    <button type="button" class="danger" onClick=${act}>${verb}</button>
  </p>
<//>`;

/** @param {{title: string, close: () => void, children?: any}} given */
function Modal({ title, close, children }) {
  /** @type {{current: HTMLDialogElement | null}} */
  const dialog = useRef(null);
  useEffect(() => {
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    dialog.current?.showModal();
    // Whatever closes it: who came by keyboard goes on from where they were.
    return () => opener?.focus();
  }, []);
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="dialog-title">
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}
