/** A table on its way to the server: compressed in the browser, under a name that a dataset can have. */
import { sizeText } from "./words.js";

// Lambda takes 6 MB, in which a file counts by a third more, as it travels in base64.
export const MAX_SENT = 4_450_000;

/** @typedef {{name: string, body: Blob, size: number}} Packed */

/**
 * Compress a file. Throws when it is too large to be sent, in words that say what to do.
 * @param {File} file
 * @returns {Promise<Packed>}
 */
export async function pack(file) {
  if (file.size === 0) throw new Error("This file is empty. Choose one with a line of column names and rows below it.");
  const gzipped = /\.gz$/i.test(file.name);
  const stream = gzipped ? file.stream() : file.stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  if (bytes.byteLength > MAX_SENT) {
    throw new Error(
      `Compressed, this file has ${sizeText(bytes.byteLength)}, and ${sizeText(MAX_SENT)} can be sent from a browser. ` +
        "Send fewer rows, or have an administrator put it into the bucket, below datasets/.",
    );
  }
  return { name: datasetName(file.name), body: new Blob([bytes], { type: "application/gzip" }), size: file.size };
}

/**
 * What a file is called as a dataset: by its own name, whatever separates its cells.
 * @param {string} name
 */
export function datasetName(name) {
  const stem = name.replace(/\.gz$/i, "").replace(/\.[a-z]{2,4}$/i, "");
  const safe = stem.replace(/[^\p{L}\p{N} ._()+-]/gu, "-").replace(/^[. ]+/, "").slice(0, 60);
  return `${safe || "table"}.csv.gz`;
}

/**
 * A name that a model can have, made from that of a file.
 * @param {string} file
 */
export function modelName(file) {
  const stem = file.split(".")[0].toLowerCase();
  return stem.replace(/[^a-z0-9]+/g, "-").replace(/^[-0-9]+/, "").slice(0, 40).replace(/-+$/, "") || "my-model";
}
