/** People: where they are managed, what they may do, and who did something with a model. */
import { ask } from "../api.js";
import { html } from "../html.js";
import { useLoaded } from "../loading.js";
import { Empty, WhenLoaded } from "../parts/notice.js";
import { whoIsNamed } from "../people.js";
import { dayText } from "../words.js";

/**
 * @typedef {import("../api.js").Schemas["People"]} Known
 * @typedef {import("../people.js").Asked} Asked
 * @typedef {{id: string, may: string[] | null, last: string | null, did: string[]}} Person may: null where only their sign-in says it
 */

/** @param {{model: string | null, asked: Asked | null}} given */
export function People({ model, asked }) {
  const known = useLoaded((signal) => ask("people", { signal }), []);
  const named = useLoaded(async (signal) => (model ? whoIsNamed(model, signal) : []), [model]);
  return html`<section class="card">
    <h2>People</h2>
    <${WhenLoaded} loaded=${known} what="the people">
      ${(/** @type {Known} */ people) => html`<${Kept} people=${people} />
        <${WhenLoaded} loaded=${named} what=${`who is named in ${model}`}>
          ${(/** @type {import("../people.js").Seen[]} */ seen) => html`<${PeopleTable} model=${model} people=${peopleOf(people, seen, asked)} />`}
        <//>`}
    <//>
  </section>`;
}

/** @param {{people: Known}} given */
function Kept({ people: { kept_by: keeper, address, groups } }) {
  return html`<p>
      ${keeper === "nobody" && "Nobody logs in here: keys are all there is. A log-in is set up where this API is deployed (the parameter Login)."}
      ${keeper === "runner" && html`These are the demo people of this machine, one for each role. <code>make login ROLE=annotator</code> prints a link that signs one of them in.`}
      ${keeper === "cognito" && html`People are managed in the user pool: <a href=${address}>make, disable and group people in Amazon Cognito</a>. What they may do follows from their groups.`}
      ${keeper === "provider" && html`People are managed by the provider <b>${address}</b>. What they may do follows from their groups or scopes there.`}
    </p>
    ${groups.length > 0 &&
    html`<div class="scroll" tabindex="0" role="region" aria-label="Groups">
      <table>
        <caption>What each group may do</caption>
        <thead><tr><th scope="col">Group</th><th scope="col">May</th></tr></thead>
        <tbody>${groups.map((group) => html`<tr key=${group.name}><th scope="row">${group.name}</th><td>${group.scopes.join(", ")}</td></tr>`)}</tbody>
      </table>
    </div>`}`;
}

/** @param {{model: string | null, people: Person[]}} given */
function PeopleTable({ model, people }) {
  if (people.length === 0) return html`<${Empty}>No person is known yet: who predicts, labels, uploads or promotes is listed here.<//>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="People">
      <table>
        <caption class="for-readers">People, by the id that is recorded</caption>
        <thead><tr><th scope="col">Person</th><th scope="col">May</th><th scope="col">Last prediction</th><th scope="col">With ${model || "a model"}</th></tr></thead>
        <tbody>
          ${people.map(
            ({ id, may, last, did }) => html`<tr key=${id}>
              <th scope="row"><code>${id}</code></th>
              <td>${may ? may.join(", ") : "as their groups say"}</td>
              <td>${last ? dayText(last) : "none known"}</td>
              <td>${did.join(", ") || "—"}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="hint">Who is listed has asked a model, or is named in labels and rounds of the last days, uploads or changes of ${model || "a model"}; and who is known to this machine.</p>`;
}

/**
 * @param {Known} known
 * @param {import("../people.js").Seen[]} seen
 * @param {Asked | null} asked
 * @returns {Person[]}
 */
function peopleOf({ people }, seen, asked) {
  const days = asked?.days || new Map();
  const ids = new Set([...people.map((one) => one.id), ...seen.map((one) => one.id), ...days.keys()]);
  return [...ids]
    .filter((id) => id.startsWith("user:"))
    .sort()
    .map((id) => ({
      id,
      may: people.find((one) => one.id === id)?.scopes || null,
      last: days.get(id) || null,
      did: seen.find((one) => one.id === id)?.did || [],
    }));
}
