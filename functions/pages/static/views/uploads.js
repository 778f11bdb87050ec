/** Another table for a model: sent with progress, and what became of each that was sent. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { keyOf, pack, takenBy, upload } from "../packing.js";
import { FileDrop } from "../parts/file-drop.js";
import { LeftOut } from "../parts/left-out.js";
import { Empty, ErrorNotice, WhenLoaded } from "../parts/notice.js";
import { Sending, Training, stateText } from "../parts/training.js";
import { callerText } from "../people.js";
import { linkTo } from "../routing.js";
import { may } from "../session.js";
import { fileText, sentenceText, sizeText, timeText } from "../words.js";

/** @typedef {import("../parts/training.js").Upload} Upload */

const SHOWN = 20;
const POLL_MS = 3_000;

/** @param {{model: string, changed: () => void}} given changed: called when a training has ended */
export function Uploads({ model, changed }) {
  const [sent, setSent] = useState("");
  const loaded = useLoaded((signal) => ask(`${pathOf(model)}/uploads?limit=${SHOWN}`, { signal }), [model]);
  // One that was sent before, from another tab or before a reload, is followed here.
  const isTraining = (loaded.value?.uploads || []).some((/** @type {Upload} */ one) => one.state === "training");
  const wasTraining = useRef(false);
  useEffect(() => {
    if (!isTraining && wasTraining.current) changed();
    wasTraining.current = isTraining;
    if (!isTraining || loaded.busy) return undefined;
    const timer = setTimeout(loaded.again, POLL_MS);
    return () => clearTimeout(timer);
  }, [isTraining, loaded.busy, loaded.value]);
  const ended = () => {
    loaded.again();
    changed();
  };
  return html`${may("admin") &&
    html`<section class="card">
      <h2>Upload another table</h2>
      <${Sender} model=${model} sent=${setSent} />
      ${sent && html`<${Training} key=${sent} model=${model} key_=${sent} ended=${ended} />`}
    </section>`}
    <section class="card">
      <h2>Uploads</h2>
      <${WhenLoaded} loaded=${loaded} what="the uploads">
        ${(/** @type {{uploads: Upload[], next: string | null}} */ page) => html`<${UploadTable} model=${model} uploads=${page.uploads} more=${page.next !== null} />`}
      <//>
    </section>`;
}

/** @param {{model: string, sent: (key: string) => void}} given sent: called with the key of what was taken in */
function Sender({ model, sent }) {
  const [share, setShare] = useState(0);
  // What is there under the name of a file that was not sent again.
  const [taken, setTaken] = useState(/** @type {{file: File, by: string} | null} */ (null));
  const [send, sending] = useAction(async (/** @type {File} */ file, /** @type {boolean} */ replace) => {
    setTaken(null);
    setShare(0);
    sent("");
    const packed = await pack(file);
    try {
      sent((await upload(model, packed, replace, setShare)).key);
    } catch (error) {
      const by = takenBy(error);
      if (!by || replace) throw error;
      setTaken({ file, by });
      // It had arrived, if its answer did not: what becomes of it is followed as if it had.
      if (by === "same_file") sent(keyOf(model, packed));
    }
  });
  return html`<${FileDrop}
      id="dataset-file"
      label="Drop a CSV file here, or choose one"
      hint="The first line names the columns, the outcome among them. A version is trained on it, and put into service if it is no worse than the one there."
      accept=".csv,.tsv,.txt,.gz,text/csv"
      disabled=${sending.busy}
      onFile=${(/** @type {File} */ file) => void send(file, false)}
    />
    ${sending.busy && html`<${Sending} share=${share} />`}
    ${taken && html`<${Taken} ...${taken} leave=${() => setTaken(null)} replace=${() => void send(taken.file, true)} />`}
    <${ErrorNotice} error=${sending.error} />`;
}

/** @param {{file: File, by: string, leave: () => void, replace: () => void}} given by: as `takenBy` says */
function Taken({ file, by, leave, replace }) {
  if (by === "same_file") {
    return html`<div class="notice mixed" role="status">
      <p><b>${file.name}</b> is there already, the very same file: it was not sent a second time. What became of it stands below.</p>
      <p class="actions"><button type="button" onClick=${replace}>Train on it once more</button><button type="button" onClick=${leave}>Leave it</button></p>
    </div>`;
  }
  return html`<div class="notice bad" role="alert">
    <p>There is ${by === "other_file" ? "another file, with other contents," : "a file"} of the name ${file.name} already. Shall this one take its place? The older one stays in the store as an earlier version.</p>
    <p class="actions"><button type="button" onClick=${replace}>Put this one in its place</button><button type="button" onClick=${leave}>Leave it</button></p>
  </div>`;
}

/** @param {{model: string, uploads: Upload[], more: boolean}} given */
function UploadTable({ model, uploads, more }) {
  if (uploads.length === 0) return html`<${Empty}>Nothing was uploaded yet.<//>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Uploads">
      <table class="fates">
        <caption class="for-readers">Uploads, newest first</caption>
        <thead><tr><th scope="col">File</th><th scope="col">What became of it</th><th scope="col">When</th><th scope="col">By</th><th scope="col" class="figure">Size</th></tr></thead>
        <tbody>
          ${uploads.map(
            (one) => html`<tr key=${`${one.key} ${one.uploaded_at} ${one.version}`}>
              <th scope="row">${one.dataset ? html`<a href=${linkTo(model, "data", one.dataset)}>${fileText(one.file)}</a>` : fileText(one.file)}</th>
              <td><${Fate} model=${model} upload=${one} /></td>
              <td>${timeText(one.uploaded_at)}</td>
              <td>${one.uploaded_by ? callerText(one.uploaded_by) : "not by these pages"}</td>
              <td class="figure">${one.size === null ? "—" : sizeText(one.size)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${more && html`<p class="hint">These are the last ${uploads.length}.</p>`}`;
}

/** @param {{model: string, upload: Upload}} given */
function Fate({ model, upload }) {
  const { version, reading } = upload;
  return html`<b>${stateText(upload)}</b>${version && html`${" "}<a href=${linkTo(model, "models", version)}><code>${version}</code></a>`}
    <span class="why">${sentenceText(upload.why)}</span>
    ${reading && reading.rejected_rows > 0 && html`<details><summary>Rows that were left out</summary><${LeftOut} reading=${reading} /></details>`}`;
}
