/** Lifeboat's pages: the frame around each, and which one is shown. */
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { ask } from "./api.js";
import { html } from "./html.js";
import { useLoaded } from "./loading.js";
import { Empty, WhenLoaded } from "./parts/notice.js";
import { linkTo, place } from "./routing.js";
import { may, resume, session, signOut } from "./session.js";
import { useStore } from "./store.js";
import { Data } from "./views/data.js";
import { Docs } from "./views/docs.js";
import { Keys } from "./views/keys.js";
import { Label } from "./views/label.js";
import { Models } from "./views/models.js";
import { Monitoring } from "./views/monitoring.js";
import { Predict } from "./views/predict.js";
import { SignIn } from "./views/sign-in.js";

/**
 * The pages in the order of the menu, and the scope that each needs; "" for everybody. Who lacks it does not see the page, and
 * would be refused by the API all the same.
 * @type {{id: string, name: string, scope: string, view: (given: {model: any, rest: string[]}) => any}[]}
 */
const PAGES = [
  { id: "predict", name: "Predict", scope: "predict", view: Predict },
  { id: "label", name: "Label", scope: "feedback", view: Label },
  { id: "data", name: "Data", scope: "read", view: Data },
  { id: "models", name: "Models", scope: "read", view: Models },
  { id: "monitoring", name: "Monitoring", scope: "read", view: Monitoring },
  { id: "keys", name: "Keys", scope: "admin", view: Keys },
  { id: "docs", name: "Docs", scope: "", view: Docs },
];

function App() {
  const signedIn = useStore(session);
  const { page, rest } = useStore(place);
  if (signedIn) return html`<${Frame} key=${signedIn.identity.id} />`;
  return page === "docs" && rest[0] !== "sign-in" ? html`<${OpenDocs} />` : html`<${SignIn} />`;
}

/** What the API can do is for everybody to read, as its document is. */
function OpenDocs() {
  useEffect(() => void (document.title = "Docs · Lifeboat"), []);
  return html`<header>
      <a class="brand" href="#/">Lifeboat</a>
      <p class="person"><a class="button" href="#//docs/sign-in">Sign in</a></p>
    </header>
    <main id="main" tabindex="-1"><${Docs} model=${null} /></main>`;
}

function Frame() {
  const { model, page, rest } = useStore(place);
  const pages = PAGES.filter((one) => !one.scope || may(one.scope));
  const models = useLoaded(async (signal) => (await ask("models?limit=100", { signal })).models, []);
  const shown = pages.find((one) => one.id === page) || pages.find((one) => one.scope);
  const named = model || models.value?.[0]?.name || null;
  useEffect(() => {
    document.title = [shown?.name, named, "Lifeboat"].filter(Boolean).join(" · ");
  }, [shown, named]);
  return html`<a class="skip" href="#main" onClick=${skip}>To the content</a>
    <header>
      <a class="brand" href=${named ? linkTo(named, pages[0]?.id || "") : "#/"}>Lifeboat</a>
      ${named && html`<${ModelChoice} model=${named} models=${models.value || []} page=${shown?.id || ""} />`}
      <nav aria-label="Pages">
        ${named && pages.map((one) => html`<a key=${one.id} href=${linkTo(named, one.id)} aria-current=${one === shown ? "page" : undefined}>${one.name}</a>`)}
      </nav>
      <${Person} />
    </header>
    <main id="main" tabindex="-1">
      <${WhenLoaded} loaded=${models} what="the models">
        ${() =>
          shown && (named || !shown.scope)
            ? html`<${shown.view} key=${`${named}/${shown.id}`} model=${named} rest=${rest} />`
            : may("admin") && !named
            ? html`<${Data} model="" rest=${["new"]} />`
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
  if (!signedIn) return null;
  return html`<p class="person"><span>${signedIn.identity.name}</span> <button type="button" onClick=${signOut}>Sign out</button></p>`;
}

/** @param {Event} event */
function skip(event) {
  // The address after # is the page's: this must not change it.
  event.preventDefault();
  document.getElementById("main")?.focus();
}

await resume();
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
