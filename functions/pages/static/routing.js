/** Which page is shown, of which model: the part of the address behind `#`, such as `#/titanic/predict`. */
import { Store } from "./store.js";

/**
 * @typedef {{model: string | null, page: string, rest: string[]}} Place
 */

/** @type {Store<Place>} */
export const place = new Store(read());

addEventListener("hashchange", readPlace);

/** Show the page of the address: to be called where it was changed without the browser telling. */
export function readPlace() {
  place.set(read());
}

/** @returns {Place} */
function read() {
  const [model = "", page = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decode);
  return { model: model || null, page, rest };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The address of a page of a model.
 * @param {string} model
 * @param {...string} rest
 */
export const linkTo = (model, ...rest) => `#/${[model, ...rest].map(encodeURIComponent).join("/")}`;
