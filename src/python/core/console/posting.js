// Posts an entry with a reason, which becomes a part of the nonce.

import { effect, signed } from "./amounts.js";
import { Problem, mayHavePosted } from "./api.js";
import { byId, element, isolated, onSubmit, shownNonce } from "./dom.js";
import { consoleNonce, randomDigits } from "./identifiers.js";
import { tellProblem } from "./notices.js";

const form = byId("post", HTMLFormElement);
const fields = byId("post-fields", HTMLFieldSetElement);
const operation = byId("post-operation", HTMLSelectElement);
const quantity = byId("quantity", HTMLInputElement);
const quantityField = byId("quantity-field", HTMLElement);
const reason = byId("reason", HTMLInputElement);
const preview = byId("post-preview", HTMLElement);
const unsureNote = byId("unsure", HTMLElement);
const button = byId("post-button", HTMLButtonElement);
const dialog = byId("confirm", HTMLDialogElement);
const question = byId("confirm-question", HTMLElement);

/** With these, the service has decided: either it is posted, or it is not. */
const DECIDED = ["insufficient_balance", "balance_limit", "limit_reached", "nonce_reused"];

/** @typedef {{operation: string, quantity: string, reason: string, digits: string}} Draft */

/** The form of a post, for the owner that is shown. */
export class Posting {
  /** @type {import("./amounts.js").Operation[]} */
  #operations = [];
  /** @type {Map<string, Draft>} by owner, the post that may or may not have been posted */
  #unsure = new Map();
  #owner = "";
  #digits = randomDigits();
  #isSending = false;

  /**
   * @param {import("./api.js").Api} api
   * @param {(action: () => Promise<void>) => void} run
   * @param {(owner: string, text: string) => Promise<void>} posted shows what has changed
   */
  constructor(api, run, posted) {
    this.api = api;
    this.run = run;
    this.posted = posted;
    form.addEventListener("input", () => this.#preview());
    onSubmit(form, () => run(() => this.#confirm()));
    byId("abandon", HTMLElement).addEventListener("click", () => this.#abandon());
    byId("post-it", HTMLElement).addEventListener("click", () => dialog.close("post"));
    byId("cancel", HTMLElement).addEventListener("click", () => dialog.close());
  }

  /** @param {import("./amounts.js").Operation[]} operations that the key may post */
  offer(operations) {
    const chosen = operation.value;
    this.#operations = operations;
    form.hidden = operations.length === 0;
    const options = operations.map((each) => element("option", {}, each.operation));
    operation.replaceChildren(element("option", { value: "" }, "Choose one"), ...options);
    if (operations.some((each) => each.operation === chosen)) operation.value = chosen;
    this.#preview();
  }

  /** @param {string} owner */
  show(owner) {
    if (owner === this.#owner) return;
    this.#owner = owner;
    this.#fill(this.#unsure.get(owner));
  }

  /** @param {Draft} [draft] a post that may have been posted; without it, the form is empty */
  #fill(draft) {
    form.reset();
    if (draft) [operation.value, quantity.value] = [draft.operation, draft.quantity];
    if (draft) reason.value = draft.reason;
    this.#digits = draft?.digits ?? randomDigits();
    // Another reason would be another nonce, and so another post.
    fields.disabled = draft !== undefined;
    unsureNote.hidden = draft === undefined;
    this.#preview();
  }

  #preview() {
    const chosen = this.#operations.find((each) => each.operation === operation.value);
    quantityField.hidden = !chosen?.per_unit;
    quantity.disabled = quantityField.hidden;
    quantity.max = String(chosen?.per_unit?.at_most ?? 1);
    reason.setCustomValidity(reason.value.trim() ? "" : "Say why: it becomes a part of the nonce");
    preview.replaceChildren();
    if (!chosen) return;
    const units = chosen.per_unit ? quantity.valueAsNumber : 1;
    if (units > 0) preview.append(element("p", {}, `${effect(chosen, units)}.`));
    if (reason.value.trim()) {
      const nonce = shownNonce(consoleNonce(reason.value, this.#digits));
      preview.append(element("p", { class: "hint" }, "Nonce: ", nonce));
    }
  }

  async #confirm() {
    const chosen = this.#operations.find((each) => each.operation === operation.value);
    if (!chosen || this.#isSending) return;
    const units = chosen.per_unit ? quantity.valueAsNumber : 1;
    const [owner, nonce] = [this.#owner, consoleNonce(reason.value, this.#digits)];
    const draft = {
      operation: operation.value,
      quantity: quantity.value,
      reason: reason.value,
      digits: this.#digits,
    };
    question.replaceChildren(
      element("p", {}, element("strong", {}, chosen.operation), " for ", isolated(owner)),
      element("p", {}, `${effect(chosen, units)}.`),
      element("p", { class: "hint" }, "Nonce: ", shownNonce(nonce)),
    );
    if (!(await isConfirmed())) return;
    const body = { owner_id: owner, operation: chosen.operation, nonce };
    await this.#send(chosen.per_unit ? { ...body, quantity: units } : body, draft);
  }

  /**
   * @param {{owner_id: string, operation: string, nonce: string, quantity?: number}} body
   * @param {Draft} draft
   */
  async #send(body, draft) {
    if (this.#isSending) return;
    this.#isSending = true;
    button.setAttribute("aria-disabled", "true");
    try {
      const entry = await this.api.post("ledger", body);
      const text = `Posted ${body.operation}, ${signed(entry.amount)}, as entry ${entry.id}.`;
      this.#decided(body.owner_id, true);
      await this.posted(body.owner_id, text);
    } catch (error) {
      await this.#failed(error, body, draft);
    } finally {
      this.#isSending = false;
      button.removeAttribute("aria-disabled");
    }
  }

  /**
   * @param {unknown} error
   * @param {{owner_id: string, operation: string, nonce: string}} body
   * @param {Draft} draft
   */
  async #failed(error, body, draft) {
    const { owner_id: owner } = body;
    if (error instanceof Problem && error.code === "duplicate_nonce") {
      this.#decided(owner, true);
      await this.posted(owner, `${body.operation} had been posted before: it is not posted twice.`);
    } else if (mayHavePosted(error)) {
      this.#unsure.set(owner, draft);
      if (owner === this.#owner) this.#fill(draft);
      const why = error instanceof Error ? error.message : String(error);
      tellProblem(
        `${why}. It is not known whether it was posted; press again: it will not be posted twice.`,
        { error, retry: () => this.run(() => this.#send(body, draft)) },
      );
    } else {
      if (error instanceof Problem && DECIDED.includes(error.code)) this.#decided(owner, false);
      throw error;
    }
  }

  /**
   * @param {string} owner
   * @param {boolean} isPosted
   */
  #decided(owner, isPosted) {
    this.#unsure.delete(owner);
    if (owner !== this.#owner) return;
    if (isPosted) this.#fill();
    fields.disabled = false;
    unsureNote.hidden = true;
  }

  #abandon() {
    this.#unsure.delete(this.#owner);
    this.#fill();
    operation.focus();
  }
}

/** @returns {Promise<boolean>} */
function isConfirmed() {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const closed = () => resolve(dialog.returnValue === "post");
    dialog.addEventListener("close", closed, { once: true });
  });
}
