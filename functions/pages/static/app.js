/** Lifeboat's pages: who is signed in gets the frame and the page of the address, everybody else the sign-in. */
import { render } from "preact";
import { html } from "./html.js";
import { Part } from "./parts/part.js";
import { place } from "./routing.js";
import { resume, session } from "./session.js";
import { useStore } from "./store.js";
import { SignIn } from "./views/sign-in.js";

function App() {
  const signedIn = useStore(session);
  const { page, rest } = useStore(place);
  if (signedIn) return html`<${Part} key=${signedIn.identity.id} of="frame" name="Lifeboat" whole />`;
  return page === "docs" && rest[0] !== "sign-in" ? html`<${Part} of="open-docs" name="API docs" whole />` : html`<${SignIn} />`;
}

await resume();
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
