/** A new model from a file: choose it, look at what it was taken for, change that, train. What was typed outlives the page. */
import { useEffect, useState } from "preact/hooks";
import { ask, pathOf, sendFile } from "../api.js";
import { html } from "../html.js";
import { noteUnsent, useKept } from "../kept.js";
import { useAction, useLoaded } from "../loading.js";
import { modelName, pack, takenBy, upload } from "../packing.js";
import { LosingDialog } from "../parts/dialog.js";
import { FileDrop } from "../parts/file-drop.js";
import { ErrorNotice } from "../parts/notice.js";
import { SchemaForm } from "../parts/schema-form.js";
import { Sending, Training } from "../parts/training.js";
import { linkTo } from "../routing.js";
import { documentOf, draftOf, withChanges } from "../schema-draft.js";
import { fieldText, numberText } from "../words.js";

/** @typedef {import("../schema-draft.js").Inferred} Inferred */
/** @typedef {import("../schema-draft.js").Draft} Draft */
/** @typedef {import("../packing.js").Packed} Packed */

// By its default limit the gate judges by 50 rows, and a fifth of all is held out (training/gate/floors.py).
const FEW_ROWS = 250;

/**
 * What is known of the model so far. isChanged: whether somebody has typed what the file does not say; key: of the upload, once
 * it is sent; isMade: whether a version came of that; replace: whether a file of this name may make way: its own one, of a try
 * before, or one that was said to.
 * @typedef {{packed: Packed | null, name: string, inferred: Inferred | null, draft: Draft | null, isChanged: boolean, key: string, isMade: boolean, replace: boolean}} Begun
 */
/** @type {Begun} */
const NOTHING = { packed: null, name: "", inferred: null, draft: null, isChanged: false, key: "", isMade: false, replace: false };

/** @param {{from: string}} given from: the model that one comes from; "" where there is none yet */
export function NewModel({ from }) {
  const [begun, setBegun] = useKept("new-model", NOTHING);
  const { packed, name, inferred, draft, isChanged, key, replace } = begun;
  const set = (/** @type {Partial<Begun>} */ part) => setBegun((before) => ({ ...before, ...part }));
  const setDraft = (/** @type {Draft} */ changed) => set({ draft: changed, isChanged: true });
  const [share, setShare] = useState(0);
  // What would lose what was typed, while it is asked about.
  const [losing, setLosing] = useState(/** @type {{verb: string, act: () => void} | null} */ (null));
  const [infer, inferring] = useAction(async (/** @type {Packed} */ file, /** @type {string} */ model, /** @type {string} */ target) => {
    const query = target ? `?target=${encodeURIComponent(target)}` : "";
    const found = await sendFile("POST", `${pathOf(model)}/schema/inference${query}`, file.beginning, setShare);
    setBegun((before) => ({
      ...before,
      inferred: found,
      draft: found.schema ? withChanges(draftOf(found), before.draft, before.inferred?.schema ? draftOf(before.inferred) : null) : null,
    }));
  });
  const [choose, choosing] = useAction(async (/** @type {File} */ file) => {
    setBegun(NOTHING);
    setShare(0);
    const chosen = await pack(file);
    const model = modelName(file.name);
    set({ packed: chosen, name: model });
    await infer(chosen, model, "");
  });
  const [train, training] = useAction(async () => {
    if (!packed || !draft) return;
    setShare(0);
    await ask(`${pathOf(name)}/schema`, { method: "PUT", json: documentOf(draft, name) });
    const sent = await upload(name, packed, replace, setShare).catch((error) => {
      // It had arrived, if its answer did not. By what stands here now it is trained on anew.
      if (takenBy(error) !== "same_file") throw error;
      return upload(name, packed, true, setShare);
    });
    set({ key: sent.key });
  });
  // Who comes back after a version was made begins another model.
  useEffect(() => void (begun.isMade && setBegun(NOTHING)), []);
  const what = packed ? `A new model from the file ${packed.name.replace(/\.gz$/, "")}` : "";
  useEffect(() => void (what && noteUnsent(what, isChanged && !key)), [what, isChanged, key]);
  const orAsk = (/** @type {string} */ verb, /** @type {() => void} */ act) => {
    const done = () => {
      if (what) noteUnsent(what, false);
      setLosing(null);
      act();
    };
    return isChanged ? setLosing({ verb, act: done }) : done();
  };
  const models = useLoaded(async (signal) => (await ask("models?limit=100", { signal })).models, []);
  const known = models.value?.some((/** @type {{name: string}} */ one) => one.name === name);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void train();
  };
  if (key) {
    const back = () => set({ replace: true, key: "" });
    return html`<${Done} name=${name} key_=${key} back=${back} made=${() => set({ isMade: true })} another=${() => setBegun(NOTHING)} />`;
  }
  const taken = !replace && takenBy(training.error);
  return html`${from && html`<p class="trail"><a href=${linkTo(from, "data")}>Data</a> › new model</p>`}
    <h1>A new model from a file</h1>
    <section class="card">
      <h2>1. Choose the file</h2>
      <${FileDrop}
        id="model-file"
        label="Drop a CSV file here, or choose one"
        hint="One row for each case, with a column that says how it ended (yes or no). The first line names the columns. It takes about 250 rows."
        accept=".csv,.tsv,.txt,.gz,text/csv"
        disabled=${choosing.busy || inferring.busy || training.busy}
        onFile=${(/** @type {File} */ file) => orAsk("Take the other file", () => void choose(file))}
      />
      ${(choosing.busy || (inferring.busy && !inferred)) && html`<${Sending} share=${share} />`}
      <${ErrorNotice} error=${choosing.error || (inferred ? null : inferring.error)} />
    </section>
    ${packed &&
    inferred &&
    html`<form onSubmit=${submit}>
      <section class="card">
        <h2>2. What is to be predicted?</h2>
        <${Question} file=${packed} inferred=${inferred} draft=${draft} setDraft=${setDraft} choose=${(/** @type {string} */ target) => void infer(packed, name, target)} />
        ${inferring.busy && html`<${Sending} share=${share} />`}
        <${ErrorNotice} error=${inferring.error} />
      </section>
      ${draft && html`<${SchemaForm} draft=${draft} notes=${inferred.notes} setDraft=${setDraft} />`}
      ${draft &&
      html`<section class="card">
        <h2>4. Train it</h2>
        <div class="field">
          <label for="model-name">Name of the model <span class="required">required</span></label>
          <input id="model-name" required pattern="[a-z][a-z0-9\\-]{0,39}" title="Lower-case letters without accents, digits and hyphens, and a letter first" maxlength="40" autocomplete="off" value=${name} onInput=${(/** @type {any} */ event) => set({ name: event.currentTarget.value, isChanged: true })} aria-describedby="model-name-hint" />
          <p class="hint" id="model-name-hint">Lower-case letters without accents, digits and hyphens. It stands in the address of the model.${name === modelName(packed.name) && " It was made from the name of the file; change it as you like."}</p>
          ${known && html`<div class="notice bad" role="alert"><p>There is a model ${name} already. It keeps its versions, and learns by what stands above from now on; what it was trained by before is replaced.</p></div>`}
        </div>
        <${ErrorNotice} error=${taken ? null : training.error} />
        ${taken && html`<div class="notice bad" role="alert"><p>The model ${name} has ${taken === "other_file" ? "another file, with other contents," : "a file"} of the name ${packed.name} already.</p><p><label><input type="checkbox" onChange=${() => set({ replace: true })} /> Put this one in its place; the older one stays in the store as an earlier version</label></p></div>`}
        ${training.busy && html`<${Sending} share=${share} />`}
        <p class="actions"><button class="primary" disabled=${training.busy || !name}>${training.busy ? "Sending …" : known ? `Train ${name} by this from now on` : "Keep this and train"}</button>
          <button type="button" disabled=${training.busy} onClick=${() => orAsk("Throw it away", () => setBegun(NOTHING))}>Throw this away</button></p>
        <p class="hint">Until you do one of the two, it is kept while you look at other pages, in this tab.</p>
      </section>`}
    </form>`}
    ${losing &&
    html`<${LosingDialog} title="Lose what you typed?" verb=${losing.verb} keep="Go on with it" act=${losing.act} close=${() => setLosing(null)}>
      <p>${what} is not sent yet: what you changed of its columns, and its name, would be lost.</p>
    <//>`}`;
}

/** @param {{file: Packed, inferred: Inferred, draft: Draft | null, setDraft: (draft: Draft) => void, choose: (target: string) => void}} given */
function Question({ file, inferred, draft, setDraft, choose }) {
  const target = draft?.target.name ?? "";
  const rows = inferred.columns[0]?.rows ?? 0;
  const names = target && !inferred.targets.includes(target) ? [target, ...inferred.targets] : inferred.targets;
  return html`<p class="hint">${file.name.replace(/\.gz$/, "")}: ${numberText(rows)} rows and ${inferred.columns.length} columns were read${file.isWhole ? "" : ", the first of a large file: later rows that do not fit are left out of the training, and listed"}.</p>
    ${file.isWhole && rows < FEW_ROWS && html`<div class="notice mixed" role="status"><p>So few rows will hardly make a model: about ${FEW_ROWS} are needed, of which every fifth is kept out of the training, to see how good the model is. Add rows to the file, and choose it again.</p></div>`}
    ${inferred.question && html`<p role="status">Which column is to be predicted? ${inferred.targets.length === 1 ? html`Only <b>${inferred.targets[0]}</b> has two values.` : "These have two values."}</p>`}
    <div class="fields">
      <div class="field">
        <label for="target">Column to predict <span class="required">required</span></label>
        <select id="target" required onChange=${(/** @type {any} */ event) => event.currentTarget.value && choose(event.currentTarget.value)}>
          ${!target && html`<option value="" selected>choose</option>`}
          ${names.map((one) => html`<option value=${one} selected=${one === target}>${one}</option>`)}
        </select>
      </div>
      ${draft &&
      html`<div class="field">
        <label for="positive">Value that counts as yes</label>
        <select id="positive" onChange=${(/** @type {any} */ event) => setDraft({ ...draft, positive: event.currentTarget.value })}>
          ${(draft.target.constraints?.enum ?? [true, false]).map((/** @type {any} */ value) => html`<option value=${String(value)} selected=${String(value) === draft.positive}>${String(value)}</option>`)}
        </select>
        <p class="hint">The probability that you get is that of ${fieldText(target)}: ${draft.positive}.</p>
      </div>`}
    </div>`;
}

/** @param {{name: string, key_: string, back: () => void, made: () => void, another: () => void}} given */
function Done({ name, key_, back, made, another }) {
  const [isInService, setIsInService] = useState(false);
  return html`<h1>Training ${name}</h1>
    <section class="card">
      <${Training}
        model=${name}
        key_=${key_}
        ended=${(/** @type {boolean} */ isGood, /** @type {boolean} */ isPromoted) => {
          setIsInService(isPromoted);
          if (isGood) made();
        }}
        made=${html`<p class="actions">${isInService ? html`<a class="button" href=${linkTo(name, "predict")}>Predict with ${name}</a>` : html`<a class="button" href=${linkTo(name, "models")}>Versions of ${name}</a>`}<a class="button" href=${linkTo(name, "data")}>Its data</a><button type="button" onClick=${another}>Make another model</button></p>`}
        failed=${html`<p class="actions"><button type="button" onClick=${back}>Change it and try again</button></p>`}
      />
    </section>`;
}
