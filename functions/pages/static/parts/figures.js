/** Figures that stand beside each other: a name, a value, and how sure it is. */
import { html } from "../html.js";

/** @param {{children?: any}} given */
export const Figures = ({ children }) => html`<dl class="figures">${children}</dl>`;

/** @param {{name: string, note?: string, children?: any}} given */
export const Figure = ({ name, note, children }) =>
  html`<div><dt>${name}</dt><dd>${children}${note && html`<span class="fine">${note}</span>`}</dd></div>`;
