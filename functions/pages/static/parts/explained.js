/** What figures mean, in a sentence each, for whoever wants to know. */
import { html } from "../html.js";

const TERMS = {
  version: "A model as one training made it, never changed after. Its name is made from the data and the code that it came from.",
  "in service": "The version that answers every question. Programs and the API call it the champion.",
  "ROC AUC": "How often a row with the positive outcome gets a higher probability than one without: 0.5 is guessing, 1 is always.",
  "log loss": "How wrong the probabilities are, on average; being sure and wrong costs most. 0 is perfect, 0.693 is saying 50 % of everything.",
  "Brier score": "The mean squared distance between the probability and what happened: 0 is perfect, 0.25 is saying 50 % of everything.",
  accuracy: "The share of answers, yes or no, that were right.",
  "calibration error": "By how much the probabilities are off, on average: with 0.05, of rows that get 70 %, about 65 to 75 % turn out so.",
  "ROC curve": "For each probability from which one could say yes: what share of the true yes it finds, against what share of the true no it raises a false alarm for. The nearer to the upper left corner, the better; the dashed line is guessing.",
  "calibration curve": "Of the rows that got about this probability, what share really had the outcome. On the dashed line the probabilities are right. The lines up and down are 95 % intervals: few rows tell little.",
  "95 % interval": "Where the true value most probably lies; a short one comes from many rows.",
  PSI: "Population stability index: how differently the values are spread in what is asked and in what the model learned from. 0 is the same; above the line the difference matters.",
  positives: "The rows that really had the outcome.",
  "true positive rate": "Of the rows that really had the outcome, the share that is answered yes.",
  "false positive rate": "Of the rows that really did not, the share that is answered yes all the same.",
  drift: "What is asked is spread otherwise than what the model learned from, by more than the line and more than chance. Seen in two windows in a row, it is confirmed.",
  window: "The predictions between two judgements, as many as it takes to tell a difference from chance.",
  holdout: "Rows of the dataset that the model never saw while it learned; it was measured on them before it came into service.",
  "stands for": "Share of all predictions that have some like them, by probability, among those whose outcome was told.",
  median: "Half of the requests took this long at most; of 95 % it is the longer line. The time is that in the function until the rows were scored.",
  "kept out of service": "At the end of a training, the new version is compared with the one in service, on rows that neither has seen. It comes into service by itself only where it is good enough; what was found stands beside it. An administrator can decide otherwise, by Promote.",
};

/** @typedef {keyof typeof TERMS} Term */

/** @param {{terms: Term[]}} given */
export const Explained = ({ terms }) => html`<details class="explained">
  <summary>What do these figures mean?</summary>
  <dl class="pairs">${terms.map((term) => html`<dt>${term}</dt><dd>${TERMS[term]}</dd>`)}</dl>
</details>`;
