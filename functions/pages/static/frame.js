/** The frame around each page for who is signed in, and around what is for everybody; and which page is shown. */
import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.js";
import { html } from "./html.js";
import { forgetAll, unsent } from "./kept.js";
import { useLoaded } from "./loading.js";
import { fetchInOrder } from "./modules.js";
import { LosingDialog } from "./parts/dialog.js";
import { useLeaving } from "./parts/leaving.js";
import { Empty, WhenLoaded } from "./parts/notice.js";
import { Part } from "./parts/part.js";
import { notes, readKeys } from "./people.js";
import { linkTo, place } from "./routing.js";
import { may, session, signOut } from "./session.js";
import { useStore } from "./store.js";

/**
 * The pages in the order of the menu, and the scope that each needs; "" for everybody. Who lacks it does not see the page, and
 * would be refused by the API all the same. An id is also what `modules.js` knows its view by.
 * @type {{id: string, name: string, scope: string}[]}
 */
const PAGES = [
  { id: "predict", name: "Predict", scope: "predict" },
  { id: "label", name: "Label", scope: "feedback" },
  { id: "data", name: "Data", scope: "read" },
  { id: "models", name: "Models", scope: "read" },
  { id: "monitoring", name: "Monitoring", scope: "read" },
  { id: "keys", name: "Keys", scope: "admin" },
  { id: "docs", name: "Docs", scope: "" },
];

/** What the API can do is for everybody to read, as its document is. */
export function OpenDocs() {
  useEffect(() => void (document.title = "Docs · Lifeboat"), []);
  return html`<header>
      <a class="brand" href="#/">Lifeboat</a>
      <p class="person"><a class="button" href="#//docs/sign-in">Sign in</a></p>
    </header>
    <main id="main" tabindex="-1"><${Part} of="docs" name="API docs" given=${{ model: null }} /></main>`;
}

export function Frame() {
  const { model, page, rest } = useStore(place);
  const pages = PAGES.filter((one) => !one.scope || may(one.scope));
  /** @type {import("./loading.js").Loaded<import("./api.js").Schemas["ModelPage"]>} */
  const models = useLoaded((signal) => ask("models?limit=100", { signal }), []);
  // What keys are called, for who may know it: without it they go by their ids.
  useStore(notes);
  useEffect(() => void (may("admin") && readKeys().catch(() => null)), []);
  const shown = pages.find((one) => one.id === page) || pages.find((one) => one.scope);
  const named = model || models.value?.default || models.value?.models[0]?.name || null;
  // One that was made meanwhile, here or elsewhere, is found in the list from then on.
  useEffect(() => {
    if (model && models.value && !models.value.models.some((one) => one.name === model)) models.again();
  }, [model]);
  useEffect(() => {
    document.title = [shown?.name, named, "Lifeboat"].filter(Boolean).join(" · ");
  }, [shown, named]);
  // Beside what the page asks the API; the other pages once there is time.
  useEffect(() => void fetchInOrder(pages.map((one) => one.id), shown?.id), []);
  return html`<a class="skip" href="#main" onClick=${skip}>To the content</a>
    <header>
      <a class="brand" href=${named ? linkTo(named, pages[0]?.id || "") : "#/"}>Lifeboat</a>
      ${named && html`<${ModelChoice} model=${named} models=${models.value?.models || []} page=${shown?.id || ""} />`}
      <nav aria-label="Pages">
        ${named && pages.map((one) => html`<a key=${one.id} href=${linkTo(named, one.id)} aria-current=${one === shown ? "page" : undefined}>${one.name}</a>`)}
      </nav>
      <${Person} />
    </header>
    <main id="main" tabindex="-1">
      <${WhenLoaded} loaded=${models} what="the models">
        ${() =>
          shown && (named || !shown.scope)
            ? html`<${Part} key=${`${named}/${shown.id}`} of=${shown.id} name=${shown.name} given=${{ model: named, rest }} />`
            : may("admin") && !named
            ? html`<${Part} of="data" name="Data" given=${{ model: "", rest: ["new"] }} />`
            : html`<${Empty}>There is nothing here that you may see. Ask an administrator what your sign-in is for.<//>`}
      <//>
    </main>`;
}

/** @param {{model: string, models: {name: string}[], page: string}} given */
function ModelChoice({ model, models, page }) {
  const names = models.map((one) => one.name);
  const choose = (/** @type {any} */ event) => (location.hash = linkTo(event.currentTarget.value, page));
  return html`<label class="model">
    <span class="for-readers">Model</span>
    <select value=${model} onChange=${choose}>
      ${(names.includes(model) ? names : [model, ...names]).map((name) => html`<option value=${name} selected=${name === model}>${name}</option>`)}
    </select>
  </label>`;
}

function Person() {
  const signedIn = useStore(session);
  const left = [...useStore(unsent)];
  const [asks, setAsks] = useState(false);
  useLeaving(left.length > 0);
  if (!signedIn) return null;
  const leave = () => {
    forgetAll();
    signOut();
  };
  return html`<p class="person"><span>${signedIn.identity.name}</span> <button type="button" onClick=${() => (left.length > 0 ? setAsks(true) : leave())}>Sign out</button></p>
    ${asks &&
    html`<${LosingDialog} title="Sign out, and lose what is not sent?" verb="Sign out" keep="Stay" act=${leave} close=${() => setAsks(false)}>
      <p>It is kept in this tab alone, and goes with you:</p>
      <ul>${left.map((what) => html`<li>${what}</li>`)}</ul>
    <//>`}`;
}

/** @param {Event} event */
function skip(event) {
  // The address after # is the page's: this must not change it.
  event.preventDefault();
  document.getElementById("main")?.focus();
}
