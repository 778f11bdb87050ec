/** What went wrong, or well, in words that are read out. */
import { html } from "../html.js";
import { ApiError } from "../api.js";

/**
 * An error in the server's own words, with each fault that is not shown beside a field.
 * @param {{error: Error | null, again?: () => void, shown?: (fault: import("../api.js").Fault) => boolean}} given
 */
export function ErrorNotice({ error, again, shown = () => false }) {
  if (!error) return null;
  const faults = error instanceof ApiError ? error.detail.filter((fault) => !shown(fault)) : [];
  return html`<div class="notice bad" role="alert">
    <p><${Marked} text=${error instanceof ApiError ? refusalText(error, faults.length) : error.message} /></p>
    ${faults.length > 0 &&
    html`<ul>
      ${faults.map((fault) => html`<li><b>${fault.loc.slice(1).join(" › ")}</b> <${Marked} text=${fault.msg} /></li>`)}
    </ul>`}
    ${again && html`<button type="button" onClick=${again}>Try again</button>`}
    ${error instanceof ApiError && error.requestId && html`<p class="fine">Request ${error.requestId}</p>`}
  </div>`;
}

/**
 * What is wrong, for people: that its `detail` says more is a word for programs. Here that stands at the fields, or below.
 * @param {ApiError} error
 * @param {number} below how many of its faults stand at no field
 */
function refusalText({ message, detail }, below) {
  if (detail.length > below) return "Some values do not fit; see the fields marked.";
  return message.replace(/^the input does not fit; `detail` says where$/, "Some values do not fit:").replace(/; `detail` says \w+$/, ":")
    .replace(/; GET \/models lists those there are$/, ". Choose one at the top of this page, beside Lifeboat.");
}

/** Words in which names stand between backticks, as in what the API says. @param {{text: string}} given */
export const Marked = ({ text }) => html`${text.split("`").map((part, index) => (index % 2 ? html`<code>${part}</code>` : part))}`;

/**
 * What came of something: all well, some of it, or nothing.
 * @param {{kind: "good" | "mixed" | "bad", children?: any}} given
 */
export const Notice = ({ kind, children }) => html`<div class=${`notice ${kind}`} role=${kind === "bad" ? "alert" : "status"}>${children}</div>`;

/** @param {{children?: any}} given */
export const GoodNotice = ({ children }) => html`<${Notice} kind="good">${children}<//>`;

/** @param {{children?: any}} given */
export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

/**
 * What was loaded, or why it was not, or that it is under way.
 * @template T
 * @param {{loaded: import("../loading.js").Loaded<T>, what: string, children: (value: T) => any}} given
 */
export function WhenLoaded({ loaded, what, children }) {
  return html`
    <${ErrorNotice} error=${loaded.error} again=${loaded.again} />
    ${loaded.value !== null
      ? children(loaded.value)
      : loaded.busy && html`<p class="busy" role="status">Loading ${what} …</p>`}
  `;
}
