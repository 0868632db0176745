// The console: which owner is shown, with which key, and what happens when a call fails.

import { grouped, postable } from "./amounts.js";
import { Api, Latest, NoAnswer, Problem, isCancelled } from "./api.js";
import { byId, isolated, onSubmit } from "./dom.js";
import { addFinding, resetFinding } from "./finding.js";
import { History } from "./history.js";
import { fragmentOf, isKey, ownerIn, ownerPath, unaskable } from "./identifiers.js";
import { showLimits } from "./limits.js";
import { clearProblem, tell, tellClock, tellProblem } from "./notices.js";
import { Posting } from "./posting.js";
import { inWords } from "./times.js";

const BAD_KEY = "The key is unknown or expired: enter another.";

const keyForm = byId("key-form", HTMLFormElement);
const keyField = byId("key", HTMLInputElement);
const access = byId("access", HTMLElement);
const search = byId("search", HTMLFormElement);
const ownerField = byId("owner", HTMLInputElement);
const article = byId("shown", HTMLElement);
const heading = byId("name", HTMLElement);
const balanceShown = byId("balance", HTMLElement);

// Relative to this file, so that it is right behind every proxy.
const api = new Api(new URL("../", import.meta.url), tellClock);
const history = new History(api, run);
const posting = new Posting(api, run, refreshAfter);
addFinding(api, run, () => shownOwner);

/** @type {import("./amounts.js").Operation[] | null} null until the service has been asked */
let operations = null;
let shownOwner = "";
let awaitedOwner = ""; // the one that is being looked up
const showing = new Latest();

/**
 * Runs what the person asked for, and reports the problem if it fails.
 * @param {() => Promise<void>} action
 */
async function run(action) {
  clearProblem();
  try {
    await action();
  } catch (error) {
    report(error, () => run(action));
  }
}

/**
 * @param {unknown} error
 * @param {() => void} retry
 * @param {string} [about]
 */
function report(error, retry, about = "") {
  if (isCancelled(error)) return;
  const isProblem = error instanceof Problem;
  if (isProblem && error.status === 401) return askForKey(error, about);
  if (!isProblem && !(error instanceof NoAnswer)) {
    tellProblem(`This page has a mistake: ${error}`);
    throw error;
  }
  const helps = !isProblem || error.status >= 500 || [408, 429].includes(error.status);
  const state = isProblem && error.status === 503 ? "The service is not available: " : "";
  tellProblem(`${about}${state}${error.message}`, { error, retry: helps ? retry : undefined });
}

/**
 * @param {Problem} error the 401
 * @param {string} about
 */
function askForKey(error, about) {
  const wasGiven = api.hasKey;
  keyForm.hidden = false;
  access.hidden = true;
  if (wasGiven) tellProblem(about + BAD_KEY, { error });
  else tell("This service asks for a key.");
  keyField.focus();
}

/** Asks what the key may do, and which operations there are; then shows the owner, if any. */
async function begin() {
  const key = await api.get("key");
  if (!key.scopes.includes("read")) {
    keyForm.hidden = false;
    keyField.focus();
    return tellProblem(`The key “${key.name}” may not read: enter one with the scope “read”.`);
  }
  operations = /** @type {import("./amounts.js").Operation[]} */ (
    (await api.get("operations")).operations
  );
  history.offer(operations);
  posting.offer(postable(operations, key.scopes));
  const focused = document.activeElement;
  showAccess(key);
  const owner = ownerIn(location.hash);
  if (owner) await lookUp(owner);
  // Unless the person has moved on.
  else if (focused === document.body || keyForm.contains(focused)) ownerField.focus();
}

/** @param {{name: string | null, scopes: string[], expires: string | null}} key */
function showAccess({ name, scopes, expires }) {
  keyForm.hidden = true;
  keyField.value = "";
  access.hidden = name === null;
  const until = expires ? `, until ${inWords(expires)}` : "";
  byId("access-text", HTMLElement).textContent = `Key ${name}: ${scopes.join(", ")}${until}`;
  tell("");
}

/**
 * Shows an owner. What was shown before stays until all of it has arrived.
 * @param {string} owner
 */
async function lookUp(owner) {
  const signal = showing.next();
  awaitedOwner = "";
  ownerField.value = owner;
  if (!owner) return leave();
  const objection = unaskable(owner, "owner");
  if (objection) return tellProblem(objection);
  if (owner !== shownOwner) history.resetFilter();
  tell("Looking up…");
  awaitedOwner = owner;
  try {
    await showOwner(owner, signal);
  } catch (error) {
    if (!isCancelled(error)) tell("");
    throw error;
  } finally {
    if (!signal.aborted) awaitedOwner = "";
  }
  tell(`Balance: ${balanceShown.textContent}. ${history.summary()}`);
  if (ownerField.value === owner) heading.focus(); // or the next one is being typed already
}

/**
 * @param {string} owner
 * @param {AbortSignal} signal
 */
async function showOwner(owner, signal) {
  const hasLimits = operations?.some(({ limit }) => limit);
  const [{ balance }, page, { limits }] = await Promise.all([
    api.get(ownerPath(owner), { signal }),
    history.firstPage(owner, signal),
    hasLimits ? api.get(ownerPath(owner, "limits"), { signal }) : { limits: [] },
  ]);
  if (owner !== shownOwner) resetFinding();
  shownOwner = owner;
  article.hidden = false;
  heading.replaceChildren(isolated(owner));
  balanceShown.textContent = grouped(balance);
  balanceShown.setAttribute("data-value", String(balance));
  history.show(page);
  showLimits(limits, operations ?? []);
  posting.show(owner);
}

/** The address names no owner. */
function leave() {
  shownOwner = "";
  article.hidden = true;
  tell("");
  ownerField.focus();
}

/**
 * Shows what a post has changed.
 * @param {string} owner
 * @param {string} text what to tell about the post
 */
async function refreshAfter(owner, text) {
  clearProblem();
  tell(text, " (", isolated(owner), ")");
  // Another owner is more important by now. The same one may have been asked about before the post.
  if (owner !== shownOwner || ![owner, ""].includes(awaitedOwner)) return;
  awaitedOwner = "";
  try {
    await showOwner(owner, showing.next());
    tell(`${text} Balance: ${balanceShown.textContent}.`);
  } catch (error) {
    report(error, () => run(() => refreshAfter(owner, text)), `${text} But then: `);
  }
}

function showAddressed() {
  run(operations ? () => lookUp(ownerIn(location.hash)) : begin);
}

onSubmit(search, () => {
  const fragment = fragmentOf(ownerField.value);
  if (location.hash === fragment) showAddressed();
  else location.hash = fragment; // which has a listener
});
onSubmit(keyForm, () => {
  const key = keyField.value.trim();
  if (!isKey(key)) {
    keyField.focus();
    return tellProblem(BAD_KEY);
  }
  api.use(key);
  run(begin);
});
byId("change-key", HTMLElement).addEventListener("click", () => {
  keyForm.hidden = false;
  access.hidden = true;
  keyField.focus();
});
window.addEventListener("hashchange", showAddressed);
run(begin);
