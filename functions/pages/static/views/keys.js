/** Keys of the API: made, shown once, listed with when they were last used, and revoked; and the people. */
import { useState } from "preact/hooks";
import { ask } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { LabelledField, describedBy, faultsByField, fieldOf } from "../parts/field.js";
import { Empty, ErrorNotice, GoodNotice, Notice, WhenLoaded } from "../parts/notice.js";
import { lastPredictions, readKeys } from "../people.js";
import { dayText, timeText } from "../words.js";
import { People } from "./people.js";

/**
 * @typedef {import("../api.js").Schemas["ListedKey"]} Key
 * @typedef {import("../api.js").Schemas["MadeKey"]} MadeKey
 */

/** What each scope is called, and what it lets somebody do. */
const SCOPES = [
  ["predict", "Ask the models"],
  ["feedback", "Say what happened, and label"],
  ["read", "See models, data and reports"],
  ["admin", "Everything, these pages included"],
];

const FIELDS = ["note", "models", "days"];

/** @param {{model: string | null}} given */
export function Keys({ model }) {
  const loaded = useLoaded(readKeys, []);
  // Each until somebody says that they have it: the next one must not take its place.
  const [made, setMade] = useState(/** @type {MadeKey[]} */ ([]));
  return html`<h1>Keys and people</h1>
    <div class="columns">
      <${NewKey}
        made=${(/** @type {MadeKey} */ key) => {
          setMade((before) => [...before, key]);
          loaded.again();
        }}
      />
      <section class="card" aria-live="polite">
        <h2>The new key</h2>
        ${made.length > 0
          ? made.map((key) => html`<${MadeKeyShown} key=${key.id} made=${key} done=${() => setMade((before) => before.filter((one) => one !== key))} />`)
          : html`<${Empty}>A key that you make is shown here, once.<//>`}
      </section>
    </div>
    <${WhenLoaded} loaded=${loaded} what="the keys">
      ${(/** @type {Key[]} */ keys) => html`<${KeysAndPeople} model=${model} keys=${keys} changed=${loaded.again} />`}
    <//>`;
}

/** @param {{made: MadeKey, done: () => void}} given */
function MadeKeyShown({ made, done }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.key);
      setSaid("Copied.");
    } catch {
      // A browser gives the clipboard to https and localhost alone, and to whom the person lets have it.
      setSaid("The browser does not let this page copy: mark the key and copy it yourself.");
    }
  };
  return html`<${GoodNotice}><p>Copy it now: it is gone when you leave this page, and nobody can look it up later.</p><//>
    ${made.notes.length > 0 && html`<${Notice} kind="mixed">${made.notes.map((note) => html`<p>${note}</p>`)}
      <p>If a name is a slip, revoke <code>${made.id}</code> below and make another key.</p><//>`}
    <p><code class="secret">${made.key}</code></p>
    <p class="actions"><button type="button" onClick=${() => void copy()}>Copy</button><button type="button" onClick=${done}>I have it</button> <span role="status">${said}</span></p>`;
}

/** @param {{model: string | null, keys: Key[], changed: () => void}} given */
function KeysAndPeople({ model, keys, changed }) {
  const asked = useLoaded(lastPredictions, []);
  return html`<section class="card">
      <h2>All keys</h2>
      <${KeyTable} keys=${keys} asked=${asked.value} changed=${changed} />
      <${ErrorNotice} error=${asked.error} again=${asked.again} />
      <p class="hint">${asked.busy ? "When each was last used is being looked up." : readText(asked.value?.until)}</p>
    </section>
    <${People} model=${model} asked=${asked.value} />`;
}

/** What "last prediction" is known from. @param {string | null | undefined} until */
const readText = (until) =>
  `The last prediction is known to the day, from the prediction log${until ? `, which was read up to ${timeText(until)}` : ", which the monitor has not read yet"}. Labels, uploads and changes stand under the key's id where they are kept; other requests are in the log of the API.`;

/** @param {{made: (key: MadeKey) => void}} given */
function NewKey({ made }) {
  const [scopes, setScopes] = useState(["predict"]);
  const [note, setNote] = useState("");
  const [models, setModels] = useState("");
  const [days, setDays] = useState("");
  const [make, making] = useAction(async () => {
    const key = await ask("keys", {
      method: "POST",
      json: { scopes, note, models: models.split(/[\s,]+/).filter(Boolean), days: days ? Number(days) : null },
    });
    setNote("");
    made(key);
  });
  const faults = faultsByField(making.error, FIELDS);
  const toggle = (/** @type {string} */ scope) =>
    setScopes((before) => (before.includes(scope) ? before.filter((one) => one !== scope) : [...before, scope]));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void make();
  };
  return html`<form class="card" onSubmit=${submit}>
    <h2>Make a key</h2>
    <fieldset>
      <legend>What its holder may do</legend>
      ${SCOPES.map(
        ([scope, words]) => html`<p><label><input type="checkbox" checked=${scopes.includes(scope)} onChange=${() => toggle(scope)} /> ${words} <span class="required">${scope}</span></label></p>`,
      )}
    </fieldset>
    <${LabelledField} id="key-note" label=${html`Who uses it, and what for <span class="required">required</span>`} fault=${faults.note}>
      <input ...${describedBy("key-note", false, faults.note)} required maxlength="60" value=${note} onInput=${(/** @type {any} */ event) => setNote(event.currentTarget.value)} />
    <//>
    <${LabelledField} id="key-models" label="Only for these models" hint="Names, separated by commas" fault=${faults.models}>
      <input ...${describedBy("key-models", true, faults.models)} value=${models} placeholder="all" onInput=${(/** @type {any} */ event) => setModels(event.currentTarget.value)} />
    <//>
    <${LabelledField} id="key-days" label="Days until it expires" fault=${faults.days}>
      <input ...${describedBy("key-days", false, faults.days)} type="number" min="1" max="3650" value=${days} placeholder="it does not" onInput=${(/** @type {any} */ event) => setDays(event.currentTarget.value)} />
    <//>
    <${ErrorNotice} error=${making.error} shown=${(/** @type {import("../api.js").Fault} */ fault) => Boolean(fieldOf(fault, FIELDS))} />
    <p class="actions"><button class="primary" disabled=${making.busy || scopes.length === 0 || !note.trim()}>${making.busy ? "Making …" : "Make the key"}</button></p>
  </form>`;
}

/** @param {{keys: Key[], asked: import("../people.js").Asked | null, changed: () => void}} given */
function KeyTable({ keys, asked: used, changed }) {
  const [asked, setAsked] = useState(/** @type {string | null} */ (null));
  const [revoke, revoking] = useAction(async (/** @type {string} */ id) => {
    await ask(`keys/${id}`, { method: "DELETE" });
    setAsked(null);
    changed();
  });
  if (keys.length === 0) return html`<${Empty}>There are none.<//>`;
  return html`<${ErrorNotice} error=${revoking.error} />
    <div class="scroll" tabindex="0" role="region" aria-label="All keys">
      <table>
        <caption class="for-readers">All keys, newest first</caption>
        <thead><tr><th scope="col">Id</th><th scope="col">Who</th><th scope="col">May</th><th scope="col">Models</th><th scope="col">Made</th><th scope="col">Last prediction</th><th scope="col">State</th><th scope="col">Change</th></tr></thead>
        <tbody>
          ${keys.map(
            (key) => html`<tr key=${key.id}>
              <th scope="row"><code>${key.id}</code></th>
              <td>${key.note}</td>
              <td>${key.scopes.join(", ")}</td>
              <td>${key.models.join(", ") || "all"}</td>
              <td>${timeText(key.created)}</td>
              <td>${lastText(key.id, used)}</td>
              <td>${stateText(key)}</td>
              <td>
                ${key.state === "active" &&
                (asked === key.id
                  ? html`<span class="actions"><button type="button" class="danger" disabled=${revoking.busy} onClick=${() => void revoke(key.id)}>Revoke for good</button><button type="button" onClick=${() => setAsked(null)}>Keep</button></span>`
                  : html`<button type="button" aria-label=${`Revoke ${key.id}`} onClick=${() => setAsked(key.id)}>Revoke</button>`)}
              </td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

/**
 * @param {string} id
 * @param {import("../people.js").Asked | null} used
 */
function lastText(id, used) {
  if (!used?.until) return "not known";
  const day = used.days.get(id);
  return day ? dayText(day) : "none";
}

/** @param {Key} key */
function stateText({ state, expires, revoked }) {
  if (state === "revoked") return `revoked ${timeText(revoked)}`;
  if (state === "expired") return `expired ${timeText(expires)}`;
  return expires ? `active until ${timeText(expires)}` : "active";
}
