/** All models and what is in service of each; the versions of one, how they came into service, and how that changes. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, ask, pathOf } from "../api.js";
import { html } from "../html.js";
import { useAction, useLoaded } from "../loading.js";
import { Chart } from "../parts/chart.js";
import { Explained } from "../parts/explained.js";
import { ReasonDialog } from "../parts/dialog.js";
import { Empty, GoodNotice, WhenLoaded } from "../parts/notice.js";
import { Rows } from "../parts/rows.js";
import { callerText } from "../people.js";
import { linkTo } from "../routing.js";
import { may } from "../session.js";
import { intervalText, numberText, sentenceText, stateOf, timeText } from "../words.js";
import { Comparison } from "./comparison.js";
import { Version } from "./version.js";

/**
 * @typedef {import("../api.js").Schemas["ListedVersion"]} Listed
 * @typedef {import("../api.js").Schemas["ListedModel"]} ListedModel
 * @typedef {import("../api.js").Schemas["VersionPage"]} VersionPage
 * @typedef {import("../api.js").Schemas["Promotion"]} Promotion
 * @typedef {"promote" | "rollback" | "delete"} Change
 */

const MAX_VERSIONS = 100;

/** @param {{model: string, rest: string[]}} given */
export function Models({ model, rest }) {
  const [first, left, right] = rest;
  if (first === "compare" && left && right) return html`<${Comparison} model=${model} left=${left} right=${right} />`;
  if (first) return html`<${Version} model=${model} version=${first} />`;
  return html`<${Overview} model=${model} />`;
}

/** @param {{model: string}} given */
function Overview({ model }) {
  // A change of one version is one of the lists, too.
  const [changes, setChanges] = useState(0);
  return html`<h1>Models</h1>
    <${AllModels} changes=${changes} />
    <${Versions} model=${model} changed=${() => setChanges((count) => count + 1)} />
    <${History} model=${model} changes=${changes} />`;
}

/** @param {{changes: number}} given */
function AllModels({ changes }) {
  const loaded = useLoaded(async (signal) => (await ask("models?limit=100", { signal })).models, []);
  useEffect(() => (changes ? loaded.again() : undefined), [changes]);
  return html`<section class="card">
    <h2>All models</h2>
    <${WhenLoaded} loaded=${loaded} what="the models">
      ${(/** @type {ListedModel[]} */ models) => html`<div class="scroll" tabindex="0" role="region" aria-label="All models">
        <table>
          <caption class="for-readers">All models, and the version of each that is in service</caption>
          <thead>
            <tr><th scope="col">Model</th><th scope="col">Predicts</th><th scope="col">In service</th><th scope="col">Since</th><th scope="col" class="figure">ROC AUC</th><th scope="col" class="figure">Rows</th></tr>
          </thead>
          <tbody>
            ${models.map(
              (one) => html`<tr key=${one.name}>
                <th scope="row"><a href=${linkTo(one.name, "models")}>${one.name}</a></th>
                <td>${one.target || "—"}</td>
                <td>${one.champion ? html`<a href=${linkTo(one.name, "models", one.champion)}><code>${one.champion}</code></a>` : one.trouble || "none yet"}</td>
                <td>${timeText(one.promoted_at)}</td>
                <td class="figure">${intervalText(one.metrics.roc_auc)}</td>
                <td class="figure">${one.rows === null ? "—" : numberText(one.rows)}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>`}
    <//>
  </section>`;
}

/** @param {{model: string, changed: () => void}} given */
function Versions({ model, changed: changedAny }) {
  const loaded = useLoaded((signal) => ask(`${pathOf(model)}/versions?limit=${MAX_VERSIONS}`, { signal }), [model]);
  const [picked, setPicked] = useState(/** @type {string[]} */ ([]));
  const [change, setChange] = useState(/** @type {{kind: Change, version: string} | null} */ (null));
  const [done, setDone] = useState("");
  const pick = (/** @type {string} */ version) =>
    setPicked((before) => (before.includes(version) ? before.filter((one) => one !== version) : [...before, version].slice(-2)));
  const changed = (/** @type {string} */ words) => {
    setDone(words);
    setChange(null);
    loaded.again();
    changedAny();
  };
  return html`<section class="card">
    <h2>Versions of ${model}</h2>
    ${done && html`<${GoodNotice}>${done}<//>`}
    <${WhenLoaded} loaded=${loaded} what="the versions">
      ${(/** @type {VersionPage} */ { versions }) =>
        versions.length === 0
          ? html`<${Empty}>No version was published yet. Upload a table on the page Data to train one.<//>`
          : html`<div class="scroll" tabindex="0" role="region" aria-label="Versions">
                <table>
                  <caption class="for-readers">Versions, newest first</caption>
                  <thead>
                    <tr><th scope="col">Compare</th><th scope="col">Version</th><th scope="col">Published</th><th scope="col">Kind</th><th scope="col" class="figure">ROC AUC</th><th scope="col" class="figure">Log loss</th><th scope="col">State</th>${may("admin") && html`<th scope="col">Change</th>`}</tr>
                  </thead>
                  <tbody>
                    ${versions.map(
                      (one) => html`<tr key=${one.version}>
                        <td><input type="checkbox" aria-label=${`Compare ${one.version}`} checked=${picked.includes(one.version)} onChange=${() => pick(one.version)} /></td>
                        <th scope="row"><a href=${linkTo(model, "models", one.version)}><code>${one.version}</code></a></th>
                        <td>${timeText(one.published_at)}</td>
                        <td>${one.summary?.model || one.trouble || "—"}</td>
                        <td class="figure"><${Estimate} interval=${one.summary?.metrics.roc_auc} /></td>
                        <td class="figure"><${Estimate} interval=${one.summary?.metrics.log_loss} /></td>
                        <td><${State} listed=${one} /></td>
                        ${may("admin") && html`<td><${Changes} listed=${one} returns=${loaded.value?.rolls_back_to} ask=${(/** @type {Change} */ kind) => setChange({ kind, version: one.version })} /></td>`}
                      </tr>`,
                    )}
                  </tbody>
                </table>
              </div>
              <p class="actions">
                ${picked.length === 2
                  ? html`<a class="button" href=${linkTo(model, "models", "compare", ...picked)}>Compare the two</a>`
                  : html`<span class="hint">${versions.length === 1 ? "As soon as there is another version, two can be compared." : "Tick two versions to compare them."}</span>`}
              </p>
              <${QualityOverTime} versions=${versions} />
              <${Explained} terms=${["version", "in service", "ROC AUC", "log loss", "95 % interval", "holdout", "kept out of service"]} />`}
    <//>
    ${change &&
    loaded.value &&
    html`<${ChangeDialog} model=${model} change=${change} listed=${loaded.value} close=${() => setChange(null)} changed=${changed} />`}
  </section>`;
}

/** @param {{listed: Listed}} given */
function State({ listed }) {
  const decision = listed.summary?.decision;
  const words = stateOf({ ...listed, decision });
  if (listed.in_service) return html`<b>${words}</b>`;
  return listed.abandoned || !decision || decision.promote ? words : html`<details><summary>${words}</summary>${sentenceText(decision.reason)}</details>`;
}

/** @param {{interval: import("../api.js").Schemas["Interval"] | undefined}} given */
const Estimate = ({ interval }) => (interval ? html`${interval.value.toFixed(3)}<br /><span class="fine">${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}</span>` : "—");

/** @param {{listed: Listed, returns: string | null | undefined, ask: (kind: Change) => void}} given returns: what a rollback puts into service */
function Changes({ listed, returns, ask: askFor }) {
  if (listed.in_service && !returns) return html`<span class="hint">No version before it is there to go back to.</span>`;
  if (listed.in_service) return html`<button type="button" onClick=${() => askFor("rollback")}>Roll back</button>`;
  return html`<span class="actions">
    <button type="button" onClick=${() => askFor("promote")}>Promote</button>
    <button type="button" class="danger" onClick=${() => askFor("delete")}>Delete</button>
  </span>`;
}

/** @param {{model: string, change: {kind: Change, version: string}, listed: VersionPage, close: () => void, changed: (words: string) => void}} given */
function ChangeDialog({ model, change, listed, close, changed }) {
  const { kind, version } = change;
  const returns = listed.rolls_back_to;
  const [force, setForce] = useState(false);
  const [act, acting] = useAction(async (/** @type {string} */ reason) => {
    const versions = `${pathOf(model)}/versions/${version}`;
    if (kind === "delete") {
      await ask(`${versions}?${new URLSearchParams({ reason })}`, { method: "DELETE" });
      changed(`Version ${version} is deleted.`);
    } else if (kind === "promote") {
      await ask(`${versions}/promote`, { method: "POST", json: { reason, force } });
      changed(`Version ${version} is in service.`);
    } else {
      // The one that was named here, and no other, whatever others have changed meanwhile.
      const champion = await ask(`${pathOf(model)}/rollback`, { method: "POST", json: { reason, to: returns } });
      changed(`Version ${champion.version} is in service again, in place of ${version}.`);
    }
  });
  const [title, verb] = {
    promote: ["Put this version into service?", "Promote"],
    rollback: ["Go back to the version before?", "Roll back"],
    delete: ["Delete this version?", "Delete"],
  }[kind];
  const leaves = kind === "rollback" ? version : kind === "promote" ? listed.versions.find((one) => one.in_service)?.version : undefined;
  const enters = kind === "rollback" ? returns : kind === "promote" ? version : null;
  return html`<${ReasonDialog} title=${title} verb=${verb} danger=${kind !== "promote"} act=${act} close=${close} busy=${acting.busy} error=${acting.error}>
    ${kind === "delete" && html`<p>It cannot be brought back. What it predicted stays in the log, but can no longer be computed again.</p>`}
    ${enters && html`<p>It is about ${model}. From then on, every question is answered by the version that comes:</p>`}
    <dl class="pairs">
      ${kind === "delete" && html`<dt>Goes for good</dt><dd><${Named} version=${version} listed=${listed} /></dd>`}
      ${leaves && html`<dt>Leaves</dt><dd><${Named} version=${leaves} listed=${listed} /></dd>`}
      ${enters && html`<dt>Comes</dt><dd><${Named} version=${enters} listed=${listed} /></dd>`}
    </dl>
    ${kind === "rollback" && html`<p class="hint">No training brings back the one that leaves; you can, by Promote.</p>`}
    ${kind === "promote" && html`<p><label><input type="checkbox" checked=${force} onChange=${() => setForce(!force)} /> All the same, if it was not found good enough (force)</label></p>`}
  <//>`;
}

/** A version by what tells it from others: its name, when it was made, how good it is. @param {{version: string, listed: VersionPage}} given */
function Named({ version, listed }) {
  const one = listed.versions.find((known) => known.version === version);
  const auc = one?.summary?.metrics.roc_auc;
  return html`<code>${version}</code>${one && html`<br /><span class="fine">published ${timeText(one.published_at)}${auc && `, ROC AUC ${auc.value.toFixed(3)}`}</span>`}`;
}

/** @param {{versions: Listed[]}} given */
function QualityOverTime({ versions }) {
  const known = versions.filter((one) => one.summary?.metrics.roc_auc).reverse();
  if (known.length < 2) return null;
  const auc = known.map((one) => /** @type {NonNullable<Listed["summary"]>} */ (one.summary).metrics.roc_auc);
  return html`<${Chart}
      title="ROC AUC on the holdout, version by version, with its 95 % interval"
      x=${known.map((_, index) => index)}
      xName="Version"
      xTexts=${known.map((one) => one.version.slice(0, 6))}
      series=${[{ name: "ROC AUC", values: auc.map((one) => one.value), low: auc.map((one) => one.low), high: auc.map((one) => one.high), points: true }]}
    />`;
}

/** @param {{model: string, changes: number}} given */
function History({ model, changes }) {
  const loaded = useLoaded((signal) => readHistory(model, signal), [model]);
  useEffect(() => (changes ? loaded.again() : undefined), [changes]);
  return html`<section class="card">
    <h2>History</h2>
    <${WhenLoaded} loaded=${loaded} what="the history">
      ${(/** @type {Promotion[]} */ promotions) => promotions.length === 0 ? html`<${Empty}>No version was ever in service.<//>` : html`<${InTime} promotions=${promotions} /><${Rows}
        caption="Promotions and rollbacks, newest first"
        rows=${promotions}
        columns=${[
          { name: "Number", figure: true, cell: (/** @type {Promotion} */ one) => one.sequence },
          { name: "When", cell: (/** @type {Promotion} */ one) => timeText(one.promoted_at) },
          { name: "Version", cell: (/** @type {Promotion} */ one) => html`<a href=${linkTo(model, "models", one.version)}><code>${one.version}</code></a>` },
          { name: "By", cell: (/** @type {Promotion} */ one) => (isItself(one) ? "Lifeboat itself, after a training" : callerText(one.by)) },
          { name: "Reason", prose: true, cell: (/** @type {Promotion} */ one) => (isItself(one) ? sentenceText(one.reason) : one.reason) },
        ]}
      />`}
    <//>
  </section>`;
}

/** Whether no person did it. @param {Promotion} promotion */
const isItself = ({ by }) => by === "upload";

/**
 * The promotions, newest first; none where none was promoted yet.
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<Promotion[]>}
 */
async function readHistory(model, signal) {
  try {
    return (await ask(`${pathOf(model)}/history?limit=100`, { signal })).promotions;
  } catch (error) {
    if (error instanceof ApiError && error.code === "NO_CHAMPION") return [];
    throw error;
  }
}

/** @param {{promotions: Promotion[]}} given promotions: newest first */
function InTime({ promotions }) {
  if (promotions.length < 2) return null;
  const turns = [...promotions].reverse();
  const versions = [...new Set(turns.map((one) => one.version))];
  const places = turns.map((one) => versions.indexOf(one.version));
  return html`<${Chart}
    title="Which version was in service when"
    xName="When"
    times=${true}
    height=${Math.min(320, 110 + 28 * versions.length)}
    x=${[...turns.map((one) => Date.parse(one.promoted_at)), Date.now()]}
    yTexts=${versions.map((version) => version.slice(0, 6))}
    series=${[{ name: "in service", values: [...places, places[places.length - 1]], stepped: true, points: true }]}
  />`;
}
