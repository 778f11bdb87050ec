/** Who is signed in: by a provider (OAuth 2, authorization code with PKCE) or by a key. Kept in memory alone. */
import { ask, authenticateWith } from "./api.js";
import { readPlace } from "./routing.js";
import { Store } from "./store.js";

/**
 * What the page was served with: how people log in here. Without an `authorize` address only keys will do.
 * @typedef {{authorize?: string, token?: string, logout?: string, client?: string, scope?: string, audience?: string}} Login
 * @typedef {import("./api.js").Schemas["Me"]} Identity
 * @typedef {{identity: Identity, token: string, refresh: string | null, until: number, isKey: boolean}} Session
 */

/** @type {Login} */
export const login = JSON.parse(
  document.querySelector('meta[name="lifeboat-login"]')?.getAttribute("content") || "{}",
);

/** @type {Store<Session | null>} */
export const session = new Store(/** @type {Session | null} */ (null));
/** Why somebody has to sign in again, if there is a reason to give. */
export const ended = new Store("");

// A token is renewed this long before it expires.
const EARLY_MS = 30_000;
const VERIFIER = "lifeboat.verifier";
const STATE = "lifeboat.state";
const PLACE = "lifeboat.place";
// That somebody was signed in: a reload then asks the provider, who still knows them, instead of showing a form.
const RETURNING = "lifeboat.returning";

authenticateWith(freshToken, () => end("The sign-in has expired, or was revoked. Sign in again."));

/**
 * Sign in with a key. Throws `ApiError` when it is none.
 * @param {string} key
 */
export async function signInWithKey(key) {
  await begin(key, null, Infinity, true);
}

/** Send the browser to the provider. It comes back with a code, which `resume` exchanges. */
export async function signInWithProvider() {
  const verifier = randomText();
  const state = randomText();
  sessionStorage.setItem(VERIFIER, verifier);
  sessionStorage.setItem(STATE, state);
  sessionStorage.setItem(PLACE, location.hash);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const url = new URL(login.authorize || "", document.baseURI);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: login.client || "",
    redirect_uri: home(),
    scope: login.scope || "openid",
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    // Auth0 and its like give out a token for an API only when they are told which.
    ...(login.audience && { audience: login.audience }),
  }).toString();
  location.assign(url);
}

/** What to do when the page opens: finish a sign-in that is under way, or take up one that was left by a reload. */
export async function resume() {
  const given = new URLSearchParams(location.search);
  if (!given.size) {
    if (login.authorize && sessionStorage.getItem(RETURNING)) await signInWithProvider();
    return;
  }
  const [state, verifier] = [sessionStorage.getItem(STATE), sessionStorage.getItem(VERIFIER)];
  const place = sessionStorage.getItem(PLACE) || "";
  for (const name of [STATE, VERIFIER, PLACE]) sessionStorage.removeItem(name);
  // The code is worth nothing twice, and need not stand in the history.
  history.replaceState(null, "", home() + place);
  readPlace();
  if (given.has("sign-in") && login.authorize) return signInWithProvider();
  const code = given.get("code");
  if (!code && !given.has("error")) return;
  // Also before a refusal: its words would be those of whoever made the link.
  if (!state || state !== given.get("state")) return end("This sign-in was not begun in this tab. Sign in again.");
  if (!code) return end(given.get("error_description") || "The sign-in was refused.");
  try {
    const tokens = await exchange({ grant_type: "authorization_code", code, code_verifier: verifier || "", redirect_uri: home() });
    await begin(tokens.access_token, tokens.refresh_token, Date.now() + tokens.expires_in * 1000, false);
  } catch (error) {
    end(/** @type {Error} */ (error).message);
  }
}

/** End the session here and at the provider. */
export function signOut() {
  const isKey = session.value?.isKey;
  end("");
  if (isKey || !login.logout) return;
  const url = new URL(login.logout, document.baseURI);
  // Where to come back to: Cognito has a name of its own for what OpenID Connect calls `post_logout_redirect_uri`.
  const given = { client_id: login.client || "", logout_uri: home(), post_logout_redirect_uri: home() };
  url.search = new URLSearchParams(given).toString();
  location.assign(url);
}

/** @param {string} scope */
export const may = (scope) => session.value?.identity.scopes.includes(scope) ?? false;

/** @param {string} reason */
function end(reason) {
  sessionStorage.removeItem(RETURNING);
  ended.set(reason);
  session.set(null);
}

/**
 * @param {string} token
 * @param {string | null | undefined} refresh
 * @param {number} until
 * @param {boolean} isKey
 */
async function begin(token, refresh, until, isKey) {
  const identity = await ask("me", { headers: { authorization: `Bearer ${token}` } });
  if (!isKey) sessionStorage.setItem(RETURNING, "yes");
  ended.set("");
  session.set({ identity, token, refresh: refresh || null, until, isKey });
}

/** @type {Promise<void> | null} */
let renewing = null;

/** The token to send, renewed when it is about to expire. */
async function freshToken() {
  const current = session.value;
  if (!current) return null;
  if (current.refresh && Date.now() > current.until - EARLY_MS) {
    renewing ??= renew(current).finally(() => (renewing = null));
    await renewing;
  }
  return session.value?.token ?? null;
}

/** @param {Session} current */
async function renew(current) {
  try {
    const tokens = await exchange({ grant_type: "refresh_token", refresh_token: current.refresh || "" });
    session.set({
      ...current,
      token: tokens.access_token,
      refresh: tokens.refresh_token || current.refresh,
      until: Date.now() + tokens.expires_in * 1000,
    });
  } catch {
    end("The sign-in has expired. Sign in again.");
  }
}

/** @param {Record<string, string>} given */
async function exchange(given) {
  const response = await fetch(new URL(login.token || "", document.baseURI), {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ ...given, client_id: login.client || "" }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error_description || "The sign-in could not be completed. Try again.");
  return answer;
}

const home = () => new URL("./", document.baseURI).href;

function randomText() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
