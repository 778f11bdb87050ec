/** A schema while it is edited: one entry for each column of the file, and back to a document for the API. */

/**
 * @typedef {import("./api.js").Answered<"FoundColumn">} Found
 * @typedef {import("./api.js").Answered<"InferredSchema">} Inferred its `schema` is a Table Schema, as people write it
 * @typedef {"ignore" | "number" | "integer" | "string" | "boolean"} Kind
 * @typedef {{name: string, kind: Kind, required: boolean, categories: string, description: string, note: string, found: Found, field: any}} Column
 * @typedef {{columns: Column[], target: any, positive: string, document: any}} Draft
 */

/** What each kind is called. @type {[Kind, string][]} */
export const KINDS = [
  ["number", "a number"],
  ["integer", "a whole number"],
  ["string", "a category"],
  ["boolean", "yes or no"],
  ["ignore", "not used"],
];

/**
 * @param {Inferred} inferred one that has a schema
 * @returns {Draft}
 */
export function draftOf(inferred) {
  const { columns, notes } = inferred;
  const schema = /** @type {any} */ (inferred.schema);
  const fields = new Map(schema.fields.map((/** @type {any} */ field) => [field.name, field]));
  const target = fields.get(schema.target.field);
  return {
    document: schema,
    target,
    positive: String(schema.target.positive),
    columns: columns.filter((found) => found.name !== target.name).map((found) => columnOf(found, fields.get(found.name), notes)),
  };
}

/**
 * A draft with what somebody had changed in another of the same file.
 * @param {Draft} draft
 * @param {Draft | null} before the other, as it was left
 * @param {Draft | null} untouched the other, as it was inferred
 * @returns {Draft}
 */
export function withChanges(draft, before, untouched) {
  if (!before || !untouched) return draft;
  const left = new Map(before.columns.map((column) => [column.name, column]));
  const inferred = new Map(untouched.columns.map((column) => [column.name, column]));
  const columns = draft.columns.map((column) => {
    const [was, would] = [left.get(column.name), inferred.get(column.name)];
    if (!was || !would) return column;
    const changes = Object.entries(was).filter(([part, value]) => typeof value !== "object" && value !== would[/** @type {keyof Column} */ (part)]);
    return { ...column, ...Object.fromEntries(changes) };
  });
  return { ...draft, columns };
}

/**
 * @param {Found} found
 * @param {any} field what the schema has for it; nothing for a column that is not used
 * @param {string[]} notes
 * @returns {Column}
 */
function columnOf(found, field, notes) {
  const start = `the column ${found.name} `;
  const listed = field?.constraints?.enum ?? (found.complete ? found.values : []);
  return {
    name: found.name,
    kind: field?.type ?? "ignore",
    required: field?.constraints?.required === true,
    categories: listed.join("\n"),
    description: field?.description ?? "",
    note: notes.filter((note) => note.startsWith(start)).map((note) => noteText(note.slice(start.length))).join("; "),
    found,
    field: field ?? { name: found.name },
  };
}

/**
 * A note without how to change what it says in a file: here, that is beside it.
 * @param {string} note
 */
export const noteText = (note) => note.replace(/; (to use it all the same|to change that|if it is a category of its own).*$/, "");

/** The two values of the target. @param {any} target @returns {(string | number | boolean)[]} */
export const outcomesOf = (target) => target.constraints?.enum ?? [true, false];

/**
 * The document to be kept. What was not touched stays as it was inferred.
 * @param {Draft} draft
 * @param {string} name of the model
 */
export function documentOf({ document, columns, target, positive }, name) {
  const used = columns.filter((column) => column.kind !== "ignore");
  return {
    ...document,
    name,
    fields: [...used.map(fieldOf), target],
    target: { ...document.target, positive: outcomesOf(target).find((value) => String(value) === positive) },
    ignored: columns.filter((column) => column.kind === "ignore").map((column) => column.name),
  };
}

/** @param {Column} column */
function fieldOf({ kind, required, categories, description, field }) {
  const { required: _required, enum: before, ...rules } = field.constraints ?? {};
  const { constraints: _constraints, example, description: _description, ...rest } = field;
  const listed = categories.split("\n").map((line) => line.trim()).filter(Boolean);
  const words = kind === "string" && listed.length > 0 ? { enum: listed } : kind === field.type && before ? { enum: before } : {};
  const kept = kind === field.type && (kind !== "string" || listed.includes(example));
  return {
    ...rest,
    type: kind,
    ...(description.trim() && { description: description.trim() }),
    ...(kept && example !== undefined && { example }),
    constraints: { ...rules, ...words, ...(required && { required: true }) },
  };
}
