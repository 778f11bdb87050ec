/** A file on its way to be scored on the server: past the API, to an address in the store that the API gives out for it. */
import { ask, pathOf, transfer } from "./api.js";
import { stemOf } from "./packing.js";
import { sizeText } from "./words.js";

/** @typedef {import("./api.js").Answered<"JobAnswer">} Job */

// What a store takes in one piece: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
const MAX_BYTES = 5_000_000_000;
// CSV is about so many times as large as it is in gzip.
const PACKED = 5;

// Where the addresses begin; "" where the store has none, as a folder, or none that this page may send to.
const UPLOADS = document.querySelector('meta[name="lifeboat-uploads"]')?.getAttribute("content") || "";
/** Whether this page can send files to the server. */
export const canSend = UPLOADS !== "";
// What is larger is scored on the server: here each row is sent, answered and kept in this tab, as far as its memory goes.
const MAX_HERE = canSend ? 20_000_000 : 500_000_000;

/** What to do where this page cannot send a file to the store. @param {string} model */
export const byHand = (model) =>
  `Somebody with a command line can send it (make score FILE=rows.csv MODEL=${model}), or put it into the store below scoring/${model}/in/. What becomes of it is shown under "Files scored on the server".`;

/**
 * Whether a file is scored on the server, whatever is asked for: Parquet, and what is too large for a browser.
 * @param {File} file
 */
export async function needsServer(file) {
  if ((await file.slice(0, 4).text()) === "PAR1") return true;
  return file.size * (/\.gz$/i.test(file.name) ? PACKED : 1) > MAX_HERE;
}

/**
 * Send a file, and have it scored once it is there. Returns the job as it began; one whose file does not arrive is cancelled.
 * Throws `ApiError`, in words that say what to do.
 * @param {string} model
 * @param {File} file
 * @param {AbortSignal} signal
 * @param {(share: number) => void} progress
 * @returns {Promise<Job>}
 */
export async function sendToScore(model, file, signal, progress) {
  if (!canSend) throw new Error(`The store of this Lifeboat takes no files from a browser. ${byHand(model)}`);
  if (file.size === 0) throw new Error("This file is empty. Choose one with a line of column names and rows below it.");
  if (file.size > MAX_BYTES) {
    throw new Error(`This file has ${sizeText(file.size)}, and ${sizeText(MAX_BYTES)} can be sent in one piece. Send fewer rows, or compress it (gzip).`);
  }
  const path = `${pathOf(model)}/scoring`;
  /** @type {Job} */
  const job = await ask(path, { method: "POST", json: { file: await nameOf(file) }, signal });
  try {
    await put(model, job, file, signal, progress);
  } catch (error) {
    // Nobody is to see it wait for a file that does not come.
    await ask(`${path}/${job.job}`, { method: "DELETE" }).catch(() => null);
    throw error;
  }
  return job;
}

/**
 * @param {string} model
 * @param {Job} job
 * @param {File} file
 * @param {AbortSignal} signal
 * @param {(share: number) => void} progress
 */
async function put(model, job, file, signal, progress) {
  const url = job.upload?.url || "";
  if (!url.startsWith(UPLOADS)) throw new Error(`The store of this Lifeboat cannot be sent to from this page. ${byHand(model)}`);
  // No key and no token goes to the store: the address alone says what it is for.
  const headers = { "content-type": file.type || "application/octet-stream" };
  const { status } = await transfer("PUT", url, headers, file, progress, signal).catch((error) => {
    throw signal.aborted ? error : new Error(`The file did not arrive. Check the connection and send it again. If it never arrives, the store lets no page send to it: whoever runs this Lifeboat can allow that (docs/stores.md). ${byHand(model)}`);
  });
  if (status >= 200 && status < 300) return;
  throw new Error(
    status === 403
      ? "The store did not take the file: it took longer than an hour to send it, or the clocks here and there differ. Send it again, compressed (gzip) or in parts."
      : `The store did not take the file: it answered ${status}. Send it again in a while.`,
  );
}

/**
 * What a file is called in the store: by its own name, with the ending of what it is.
 * @param {File} file
 */
async function nameOf(file) {
  const parquet = (await file.slice(0, 4).text()) === "PAR1";
  const gzip = /\.gz$/i.test(file.name);
  return `${stemOf(file.name)}${parquet ? ".parquet" : gzip ? ".csv.gz" : ".csv"}`;
}
