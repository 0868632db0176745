// Finds one entry of an owner by its nonce.

import { grouped, signed } from "./amounts.js";
import { Latest, Problem } from "./api.js";
import { byId, element, isolated, onSubmit, shownNonce, time } from "./dom.js";
import { ownerPath, unaskable } from "./identifiers.js";
import { tell, tellProblem } from "./notices.js";
import { inWords } from "./times.js";

const form = byId("find", HTMLFormElement);
const nonce = byId("nonce", HTMLInputElement);
const region = byId("found", HTMLElement);
const finding = new Latest();

/**
 * @param {import("./api.js").Api} api
 * @param {(action: () => Promise<void>) => void} run
 * @param {() => string} owner returns the one that is shown
 */
export function addFinding(api, run, owner) {
  onSubmit(form, () => run(() => find(api, owner(), nonce.value)));
}

/** Forgets what was found, for another owner. */
export function resetFinding() {
  finding.next();
  form.reset();
  region.hidden = true;
}

/**
 * @param {import("./api.js").Api} api
 * @param {string} owner
 * @param {string} wanted
 */
async function find(api, owner, wanted) {
  const signal = finding.next();
  region.hidden = true;
  const objection = unaskable(wanted, "nonce");
  if (objection) return tellProblem(objection);
  try {
    show(await api.get(ownerPath(owner, "entries", wanted), { signal }));
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "entry_not_found") throw error;
    region.replaceChildren("No entry of this owner has the nonce ", isolated(wanted));
    tell("No entry has this nonce.");
  }
  region.hidden = false;
}

/** @param {import("./amounts.js").Entry} entry */
function show({ id, operation, amount, nonce, created_on, balance }) {
  const facts = /** @type {[string, Node | string][]} */ ([
    ["Operation", operation],
    ["Amount", signed(amount)],
    ["Balance after it", grouped(balance)],
    ["Time", time(created_on, inWords(created_on))],
    ["Nonce", shownNonce(nonce)],
    ["Id", String(id)],
  ]);
  const list = facts.map(([term, fact]) =>
    element("div", {}, element("dt", {}, term), element("dd", {}, fact)),
  );
  region.replaceChildren(element("dl", {}, ...list));
  tell("The entry was found.");
}
