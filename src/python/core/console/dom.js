// Finds and makes elements. Text is only ever set as text, never as HTML.

import { partsOf } from "./identifiers.js";

/**
 * The element with this id.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * An owner, or other text whose characters cannot change the direction of the text around it.
 * @param {string} text
 */
export function isolated(text) {
  return element("bdi", { dir: "auto" }, text);
}

/**
 * A nonce. A reason in it has a direction of its own, or its script could reorder the digits.
 * @param {string} nonce
 */
export function shownNonce(nonce) {
  const parts = partsOf(nonce);
  if (!parts) return isolated(nonce);
  const [before, reason, after] = parts;
  return element("bdi", { dir: "ltr" }, before, isolated(reason), after);
}

/**
 * The name of an operation, which can be broken after each word.
 * @param {string} operation
 */
export function shownOperation(operation) {
  const words = operation.split("_").flatMap((word, i) => (i ? ["_", element("wbr", {}), word] : word));
  return element("span", { class: "operation-name" }, ...words);
}

/**
 * @param {string} iso
 * @param {string} words
 */
export function time(iso, words) {
  return element("time", { datetime: iso, title: iso }, words);
}

/**
 * Calls `handle` instead of sending the form.
 * @param {HTMLFormElement} form
 * @param {() => void} handle
 */
export function onSubmit(form, handle) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    handle();
  });
}
