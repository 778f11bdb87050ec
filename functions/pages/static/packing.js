/** A table on its way to the server: compressed in the browser, in parts where it is large, under a name that a dataset can have. */
import { ApiError, ask, pathOf, sendFile } from "./api.js";
import { sizeText } from "./words.js";

// Lambda takes 6 MB, in which a file counts by a third more, as it travels in base64.
const MAX_SENT = 4_450_000;
const MAX_PARTS = 25;
// How often a part is sent that does not arrive.
const TRIES = 3;
// What a schema is inferred from, of a file that is too large to be sent at once: so many bytes of it.
const BEGINNING = 4_000_000;
// The name of a file in the store has 100 bytes at most, with its ending.
const MAX_STEM_BYTES = 80;

/**
 * beginning: what to infer a schema from; isWhole: whether that is all of the file.
 * @typedef {{name: string, body: Blob, beginning: Blob, isWhole: boolean}} Packed
 */

/**
 * Compress a file. Throws when it is too large to be sent, in words that say what to do.
 * @param {File} file
 * @returns {Promise<Packed>}
 */
export async function pack(file) {
  if (file.size === 0) throw new Error("This file is empty. Choose one with a line of column names and rows below it.");
  const gzipped = /\.gz$/i.test(file.name);
  const stream = gzipped ? file.stream() : file.stream().pipeThrough(new CompressionStream("gzip"));
  const body = new Blob([await new Response(stream).blob()], { type: "application/gzip" });
  if (body.size > MAX_PARTS * MAX_SENT) {
    throw new Error(
      `Compressed, this file has ${sizeText(body.size)}, and ${sizeText(MAX_PARTS * MAX_SENT)} can be sent from a browser. ` +
        "Send fewer rows, or put it into the bucket, below datasets/.",
    );
  }
  const isWhole = body.size <= MAX_SENT;
  return { name: datasetName(file.name), body, beginning: isWhole ? body : await beginningOf(file, gzipped), isWhole };
}

/**
 * The first rows of a large file, compressed.
 * @param {File} file
 * @param {boolean} gzipped
 */
async function beginningOf(file, gzipped) {
  const reader = (gzipped ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream()).getReader();
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  for (let size = 0; size < BEGINNING; ) {
    const { value, done } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  void reader.cancel();
  const bytes = new Uint8Array(await new Blob(chunks).slice(0, BEGINNING).arrayBuffer());
  // The row that the end has cut is left out.
  const rows = new Blob([bytes.subarray(0, lastRowEnd(bytes))]);
  const packed = await new Response(rows.stream().pipeThrough(new CompressionStream("gzip"))).blob();
  return new Blob([packed], { type: "application/gzip" });
}

/**
 * Where the last whole row ends; 0 where none does. A line end inside quotes ends none, and a sign of UTF-16 is two bytes.
 * @param {Uint8Array} bytes
 */
function lastRowEnd(bytes) {
  const isBigEndian = bytes[0] === 0xfe && bytes[1] === 0xff;
  const width = isBigEndian || (bytes[0] === 0xff && bytes[1] === 0xfe) ? 2 : 1;
  const low = isBigEndian ? 1 : 0;
  let [end, quoted] = [0, false];
  for (let at = 0; at + width <= bytes.length; at += width) {
    if (width === 2 && bytes[at + 1 - low] !== 0) continue;
    const sign = bytes[at + low];
    if (sign === 34) quoted = !quoted;
    else if (!quoted && (sign === 10 || sign === 13)) end = at + width;
  }
  return end;
}

/**
 * Upload a file as a dataset of a model: at once, or, where it is too large for that, in parts, of which the last
 * request makes one file. `progress` is told the share that is on its way. Throws `ApiError`.
 * @param {string} model
 * @param {Packed} packed
 * @param {boolean} replace whether a file of that name may make way
 * @param {(share: number) => void} progress
 * @returns {Promise<import("./api.js").Schemas["Uploaded"]>}
 */
export async function upload(model, { name, body }, replace, progress) {
  const path = `${pathOf(model)}/datasets/${encodeURIComponent(name)}`;
  const query = replace ? "?replace=true" : "";
  if (body.size <= MAX_SENT) return sendFile("PUT", `${path}${query}`, body, progress);
  const parts = [];
  for (let start = 0; start < body.size; start += MAX_SENT) {
    const part = body.slice(start, start + MAX_SENT, "application/octet-stream");
    const digest = await digestOf(part);
    await sendPart(`${path}/parts/${digest}`, part, (share) => progress((start + share * part.size) / body.size));
    parts.push(digest);
  }
  return ask(`${path}${query}`, { method: "POST", json: { parts } });
}

/**
 * Of a refusal because a file of that name is there: whether it is the same file, another one, or nobody can tell. "" of any
 * other error.
 * @param {unknown} error
 * @returns {"same_file" | "other_file" | "unknown_file" | ""}
 */
export function takenBy(error) {
  const [fault] = error instanceof ApiError && error.status === 409 ? error.detail : [];
  return /** @type {any} */ (fault?.type.endsWith("_file") ? fault.type : "");
}

/**
 * Where a file lies once it was sent, as the uploads name it.
 * @param {string} model
 * @param {Packed} packed
 */
export const keyOf = (model, packed) => `datasets/${model}/${packed.name}`;

/**
 * @param {string} path
 * @param {Blob} part
 * @param {(share: number) => void} progress
 */
async function sendPart(path, part, progress) {
  for (let tries = 1; ; tries++) {
    try {
      return await sendFile("PUT", path, part, progress);
    } catch (error) {
      const mayPass = error instanceof ApiError && (error.status === 0 || error.status >= 500);
      if (!mayPass || tries === TRIES) throw error;
    }
  }
}

/** The SHA-256 of a part, which is what it is called. @param {Blob} part */
async function digestOf(part) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await part.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * What a file is called as a dataset: by its own name, whatever separates its cells.
 * @param {string} name
 */
export function datasetName(name) {
  return `${stemOf(name)}.csv.gz`;
}

/**
 * The name of a file without its ending, as a file in the store can be called.
 * @param {string} name
 */
export function stemOf(name) {
  // A file of a Mac may have its accents apart from their letters.
  const stem = name.normalize("NFC").replace(/\.gz$/i, "").replace(/\.[a-z]{2,7}$/i, "");
  let letters = [...stem.replace(/[^\p{L}\p{N} ._()+-]/gu, "-").replace(/^[. ]+/, "")];
  // A letter is up to four bytes.
  while (new TextEncoder().encode(letters.join("")).length > MAX_STEM_BYTES) letters = letters.slice(0, -1);
  return letters.join("") || "table";
}

// Letters that are not one of a to z with an accent: what they are written as where there are no others.
const SPELLED = /** @type {Record<string, string>} */ ({ ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" });
// Names that no model can have: words of the addresses below /models, and what looks like a version.
const RESERVED = /^(champion|compare|docs|history|rollback|[0-9a-f]{16})$/;

/**
 * A name that a model can have, made from that of a file, as `suggest_model_name` of functions/core/registry/models.py does.
 * @param {string} file
 */
export function modelName(file) {
  const stem = file.split(".")[0].toLowerCase().replace(/[^a-z]/gu, (letter) => SPELLED[letter] ?? letter);
  // An umlaut or an accent is a letter all the same: März is marz, not m-rz.
  const plain = stem.normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const name = plain.replace(/[^a-z0-9]+/g, "-").replace(/^[-0-9]+/, "").slice(0, 40).replace(/-+$/, "");
  return RESERVED.test(name) ? `${name.slice(0, 34)}-model` : name || "my-model";
}
