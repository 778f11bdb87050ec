/** The text of a file that a person chose, as the server would read it (functions/core/schema/text/file_format.py). */
import { ask } from "./api.js";

// As much as the server looks at, to say what a file is.
const HEAD = 4_096;
// Control characters that no text has; tabs, line ends, form feeds and the end mark of DOS it may have.
const CONTROLS = /[\x00-\x08\x0e-\x19\x1c-\x1f]/;

/**
 * fromSpreadsheet: whether it is encoded as spreadsheets do and programs seldom: with a mark, or by Windows-1252.
 * @typedef {{text: string, fromSpreadsheet: boolean}} ReadText
 */

/**
 * Read a file: UTF-8, UTF-16 with its mark, or else Windows-1252, which is what Excel calls CSV; or one of them in gzip.
 * Throws what the server says of a file that is no text, such as a workbook.
 * @param {File} file
 * @param {string} path where the server takes such files
 * @returns {Promise<ReadText>}
 */
export async function readText(file, path) {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const stream = start[0] === 0x1f && start[1] === 0x8b ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
  let bytes;
  try {
    bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error("This file could not be unpacked: it is damaged or was not copied in full. Send it again, or choose the CSV that is in it.");
  }
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "";
  if (wide) return { text: new TextDecoder(wide).decode(bytes), fromSpreadsheet: true };
  if (CONTROLS.test(new TextDecoder("windows-1252").decode(bytes.subarray(0, HEAD)))) {
    // What it is, and what to do about it, the server knows.
    await ask(path, { method: "POST", body: file.slice(0, HEAD), headers: { "content-type": "text/csv" } });
    throw new Error("This file is no text. Save the table as CSV, and choose that.");
  }
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), fromSpreadsheet: isMarked };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), fromSpreadsheet: true };
  }
}
