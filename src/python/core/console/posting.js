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

/** With these, a try is not posted, but an earlier one that is stalled may still be. */
const REFUSED = ["insufficient_balance", "balance_limit", "limit_reached"];

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
    const draft = this.#unsure.get(this.#owner);
    if (draft) return this.#fill(draft);
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
    this.#lock(draft !== undefined);
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
    if (!chosen) return tellProblem("This key may not post the operation: enter another key");
    if (this.#isSending) return;
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
    const { owner_id: owner, operation } = body;
    this.#isSending = true;
    button.setAttribute("aria-disabled", "true");
    let text = "";
    try {
      const entry = await this.api.post("ledger", body);
      text = `Posted ${operation}, ${signed(entry.amount)}, as entry ${entry.id}.`;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "duplicate_nonce") {
        return this.#failed(error, body, draft);
      }
      text = `${operation} had been posted before: it is not posted twice.`;
    } finally {
      this.#isSending = false;
      button.removeAttribute("aria-disabled");
    }
    this.#unsure.delete(owner);
    if (owner === this.#owner) this.#fill();
    await this.posted(owner, text);
  }

  /**
   * @param {unknown} error
   * @param {{owner_id: string, operation: string, nonce: string}} body
   * @param {Draft} draft
   */
  #failed(error, body, draft) {
    const { owner_id: owner } = body;
    if (mayHavePosted(error)) {
      this.#unsure.set(owner, draft);
      if (owner === this.#owner) this.#fill(draft);
      const why = error instanceof Error ? error.message : String(error);
      return tellProblem(
        `${why}. It is not known whether it was posted; press again: it will not be posted twice.`,
        { error, retry: () => this.run(() => this.#send(body, draft)) },
      );
    }
    if (error instanceof Problem && this.#unsure.has(owner)) {
      if (REFUSED.includes(error.code)) {
        const advice = "An earlier try may still be posted: press “Post” again later";
        return tellProblem(`${error.message}. ${advice}`, { error });
      }
      // An entry of the same operation may be this post, at a price of another release.
      const used = /** @type {{operation?: string} | null} */ (error.entry);
      if (error.code === "nonce_reused" && used?.operation !== body.operation) {
        this.#unsure.delete(owner);
        if (owner === this.#owner) this.#lock(false);
      }
    }
    throw error;
  }

  /** @param {boolean} isUnsure whether it is not known if the post was posted */
  #lock(isUnsure) {
    // Another reason would be another nonce, and so another post.
    fields.disabled = isUnsure;
    unsureNote.hidden = !isUnsure;
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
