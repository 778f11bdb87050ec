/** Reading an OpenAPI document: what a schema means, and what could be sent by it. */

/** @typedef {Record<string, any>} Schema */
/** @typedef {{info: {description: string, version: string}, tags: {name: string, description: string}[], paths: Record<string, Record<string, any>>, components: {schemas: Record<string, Schema>}}} Document */
/** @typedef {{method: string, path: string, described: any}} Operation */

// Deeper than any schema of the API that does not hold itself.
const MAX_DEPTH = 8;

/**
 * The operations of a document that are about a subject and hold all words of a search.
 * @param {Document} document
 * @param {string} tag
 * @param {string} search
 * @returns {Operation[]}
 */
export function operationsOf(document, tag, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return Object.entries(document.paths)
    .flatMap(([path, item]) => Object.entries(item).map(([method, described]) => ({ method: method.toUpperCase(), path, described })))
    .filter(({ described }) => described.tags.includes(tag))
    .filter(({ method, path, described }) => {
      const text = `${method} ${path} ${described.summary} ${described.description || ""}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
}

/**
 * A schema in place of a reference to it.
 * @param {Document} document
 * @param {Schema | undefined} schema
 * @returns {Schema}
 */
export function resolved(document, schema) {
  const name = schema?.$ref?.split("/").pop();
  return (name ? document.components.schemas[name] : schema) || {};
}

/**
 * Something that fits a schema, made of its examples as far as it has any.
 * @param {Document} document
 * @param {Schema | undefined} given
 * @returns {unknown}
 */
export function sampleOf(document, given, depth = 0) {
  const schema = resolved(document, given);
  const known = [schema.example, schema.examples?.[0], schema.const, schema.enum?.[0], schema.default].find((one) => one !== undefined);
  if (known !== undefined || depth > MAX_DEPTH) return known ?? null;
  const choices = schema.anyOf || schema.oneOf;
  if (choices) return sampleOf(document, choices[0], depth + 1);
  if (schema.type === "array") return [sampleOf(document, schema.items, depth + 1)];
  if (schema.type === "object") return sampleOfObject(document, schema, depth);
  return { integer: schema.minimum ?? 0, number: schema.minimum ?? 0, boolean: false, string: "" }[/** @type {string} */ (schema.type)] ?? null;
}

/**
 * @param {Document} document
 * @param {Schema} schema
 * @param {number} depth
 */
function sampleOfObject(document, schema, depth) {
  const properties = Object.entries(schema.properties || {});
  const wanted = properties.filter(([name, one]) => schema.required?.includes(name) || "examples" in one || "example" in one);
  return Object.fromEntries((wanted.length ? wanted : properties.slice(0, 1)).map(([name, one]) => [name, sampleOf(document, one, depth + 1)]));
}

/**
 * What fits a schema, in lines that look like JSON with types in the place of values.
 * @param {Document} document
 * @param {Schema | undefined} given
 * @param {string} [indent]
 * @returns {string}
 */
export function shapeOf(document, given, indent = "") {
  const schema = resolved(document, given);
  const inner = `${indent}  `;
  if (inner.length > 2 * MAX_DEPTH) return "…";
  const choices = schema.anyOf || schema.oneOf;
  if (choices) return choices.map((/** @type {Schema} */ one) => shapeOf(document, one, indent)).join(" or ");
  if (schema.type === "array") return schema.prefixItems || !schema.items ? "[…]" : `[${shapeOf(document, schema.items, indent)}, …]`;
  const properties = Object.entries(schema.properties || {});
  if (!properties.length) return plainShape(document, schema, indent);
  const lines = properties.map(([name, one]) => {
    const optional = schema.required?.includes(name) ? "" : "?";
    const words = resolved(document, one).description || one.description;
    return `${inner}"${name}"${optional}: ${shapeOf(document, one, inner)}${words ? `  — ${words.replace(/\s+/g, " ")}` : ""}`;
  });
  return `{\n${lines.join("\n")}\n${indent}}`;
}

/**
 * @param {Document} document
 * @param {Schema} schema
 * @param {string} indent
 * @returns {string}
 */
function plainShape(document, schema, indent) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((/** @type {unknown} */ one) => JSON.stringify(one)).join(" or ");
  if (schema.type === "object") {
    const values = typeof schema.additionalProperties === "object" ? shapeOf(document, schema.additionalProperties, indent) : "anything";
    return `{name: ${values}, …}`;
  }
  const { minimum, maximum, minLength, maxLength } = schema;
  const bounds = [
    minimum !== undefined && `from ${minimum}`,
    maximum !== undefined && `to ${maximum}`,
    minLength > 1 && `at least ${minLength} characters`,
    maxLength !== undefined && `at most ${maxLength} characters`,
  ].filter(Boolean);
  return [schema.type || "anything", ...bounds].join(" ");
}

/**
 * The bodies that an operation takes, by their media types, each with one to begin with.
 * @param {Document} document
 * @param {any} described
 * @returns {Record<string, string>}
 */
export function bodiesOf(document, described) {
  return Object.fromEntries(
    Object.entries(described.requestBody?.content || {}).map(([type, { example, schema }]) => {
      const sample = example ?? sampleOf(document, schema);
      return [type, typeof sample === "string" ? sample : JSON.stringify(sample, null, 2)];
    }),
  );
}
