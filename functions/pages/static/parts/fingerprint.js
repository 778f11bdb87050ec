/** The SHA-256 of a file, with what it is good for. */
import { html } from "../html.js";

/** @param {{sha256: string}} given */
export const Fingerprint = ({ sha256 }) => html`<details>
  <summary>How to tell whether a file is this one</summary>
  <p class="hint">
    By its fingerprint (SHA-256): the same file always has the same one, and a file in which anything at all was changed has another.
    It is that of the file as it lies in the store, compressed where its name ends with .gz; <code>sha256sum</code> on a command line prints that of any file.
  </p>
  <p><code>${sha256}</code></p>
</details>`;
