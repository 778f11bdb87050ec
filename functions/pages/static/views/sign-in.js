/** The page of who is not signed in: log in by the provider, or show a key. */
import { useState } from "preact/hooks";
import { html } from "../html.js";
import { useAction } from "../loading.js";
import { ErrorNotice } from "../parts/notice.js";
import { ended, login, signInWithKey, signInWithProvider } from "../session.js";
import { useStore } from "../store.js";

export function SignIn() {
  const [key, setKey] = useState("");
  const [withKey, action] = useAction(signInWithKey);
  const reason = useStore(ended);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void withKey(key.trim());
  };
  return html`<main class="narrow" id="main">
    <h1>Sign in to Lifeboat</h1>
    ${reason && html`<div class="notice bad" role="alert"><p>${reason}</p></div>`}
    ${login.authorize &&
    html`<section class="card">
      <button class="primary wide" type="button" onClick=${() => void signInWithProvider()}>Sign in</button>
      <p class="hint">You are sent to the sign-in page of your organisation, and come back here.</p>
    </section>`}
    <section class="card">
      <form onSubmit=${submit}>
        <div class="field">
          <label for="key">${login.authorize ? "Or use a key" : "Key"}</label>
          <input id="key" type="password" autocomplete="off" required value=${key}
            onInput=${(/** @type {any} */ event) => setKey(event.currentTarget.value)} />
          <p class="hint">It begins with lb_. An administrator makes one; it is kept in this tab alone, until you close it or load it anew.</p>
        </div>
        <${ErrorNotice} error=${action.error} />
        <button class=${login.authorize ? "" : "primary"} disabled=${action.busy || !key.trim()}>${action.busy ? "Checking …" : "Use this key"}</button>
      </form>
    </section>
  </main>`;
}
