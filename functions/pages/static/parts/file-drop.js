/** Takes a file: dropped, chosen, or by keyboard. */
import { useState } from "preact/hooks";
import { html } from "../html.js";

/** @param {{id: string, label: string, hint: string, accept: string, onFile: (file: File) => void, disabled?: boolean}} given */
export function FileDrop({ id, label, hint, accept, onFile, disabled = false }) {
  const [over, setOver] = useState(false);
  const dropped = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (file && !disabled) onFile(file);
  };
  const dragged = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(true);
  };
  const chosen = (/** @type {any} */ event) => {
    const [file] = event.currentTarget.files;
    if (file) onFile(file);
    event.currentTarget.value = "";
  };
  return html`<div class=${over ? "drop over" : "drop"} onDragOver=${dragged} onDragLeave=${() => setOver(false)} onDrop=${dropped}>
    <label for=${id}>${label}</label>
    <input id=${id} type="file" accept=${accept} disabled=${disabled} onChange=${chosen} />
    <p class="hint">${hint}</p>
  </div>`;
}
