/** Tables in the browser: cut into parts at line ends, and written so that a spreadsheet runs nothing in them. */

/**
 * The records of a CSV text, each as it stands, line end included. A line break inside quotes ends none.
 * @param {string} text
 * @returns {string[]}
 */
export function recordsOf(text) {
  const records = [];
  let [start, quoted] = [0, false];
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === 34) quoted = !quoted;
    else if (!quoted && (sign === 10 || (sign === 13 && text.charCodeAt(at + 1) !== 10))) {
      records.push(text.slice(start, at + 1));
      start = at + 1;
    }
  }
  if (start < text.length) records.push(text.slice(start));
  return records;
}

/**
 * The cells of a record.
 * @param {string} record
 * @param {string} separator
 * @returns {string[]}
 */
export function cellsOf(record, separator) {
  const cells = [];
  let [cell, quoted] = ["", false];
  for (let at = 0; at < record.length; at++) {
    const sign = record[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (record[at + 1] === '"') cell += record[at++];
      else quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === separator) {
      cells.push(cell);
      cell = "";
    } else if (sign !== "\r" && sign !== "\n") cell += sign;
  }
  return [...cells, cell];
}

/**
 * A text as a table: its lines as they stand. declared: the line with which Excel says what separates the cells (`sep=;`),
 * which is no header; "" without one. Throws when there is no row.
 * @typedef {{declared: string, first: string, separator: string, header: string[], records: string[]}} Lines
 * @param {string} text
 * @returns {Lines}
 */
export function linesOf(text) {
  const lines = recordsOf(text).filter((record) => record.trim());
  const said = lines[0]?.match(/^"?sep=([,;\t|])"?\s*$/i);
  const declared = (said && lines.shift()) || "";
  const [first, ...records] = lines;
  if (!first || records.length === 0) throw new Error("This file has no rows. The first line names the columns; the rows follow.");
  const separator = said ? said[1] : separatorOf(first);
  return { declared, first, separator, header: cellsOf(first, separator), records };
}

/**
 * A line of CSV. A text that a spreadsheet would take for a formula gets an apostrophe before it.
 * @param {unknown[]} cells
 * @param {string} separator
 */
export const lineOf = (cells, separator = ",") => `${cells.map((cell) => cellText(cell, separator)).join(separator)}\r\n`;

/**
 * @param {unknown} cell
 * @param {string} separator
 */
function cellText(cell, separator) {
  if (cell === null || cell === undefined) return "";
  let text = String(cell);
  if (typeof cell === "string" && /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text))) text = `'${text}`;
  return /["\r\n]/.test(text) || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The separator of a header line: the one that it has most of.
 * @param {string} header
 */
export function separatorOf(header) {
  const count = (/** @type {string} */ sign) => cellsOf(header, sign).length;
  return [",", ";", "\t", "|"].reduce((best, sign) => (count(sign) > count(best) ? sign : best));
}

/**
 * Offer a text to be saved as a file.
 * @param {string[]} parts
 * @param {string} name
 * @param {string} type
 */
export function download(parts, name, type = "text/csv") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
