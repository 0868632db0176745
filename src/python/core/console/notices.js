// Shows the page's messages: its status, problems, and a warning about a wrong clock.

import { Problem } from "./api.js";
import { byId, element } from "./dom.js";
import { clockWarning } from "./times.js";

const alertRegion = byId("alert", HTMLElement);
const statusRegion = byId("status", HTMLElement);
const clock = byId("clock", HTMLElement);

/**
 * Screen readers read it when they have finished what they are reading.
 * @param {...(Node | string)} content
 */
export function tell(...content) {
  statusRegion.replaceChildren(...content);
}

export function clearProblem() {
  // The button that was pressed goes away, and the focus must not go with it.
  if (alertRegion.contains(document.activeElement)) statusRegion.focus({ preventScroll: true });
  alertRegion.replaceChildren();
}

/**
 * Screen readers read it at once.
 * @param {string} text
 * @param {{error?: unknown, retry?: () => void}} [options] the error that has the id of its
 *   request, and what the button does
 */
export function tellProblem(text, { error, retry } = {}) {
  statusRegion.replaceChildren();
  const content = [element("p", {}, text)];
  if (error instanceof Problem && error.requestId) {
    const id = element("code", {}, error.requestId);
    content.push(element("p", { class: "hint" }, "Request id, for the service's log: ", id));
  }
  if (retry) {
    const button = element("button", { type: "button" }, "Try again");
    button.addEventListener("click", retry);
    content.push(button);
  }
  alertRegion.replaceChildren(...content);
}

/** @param {number} difference of the clocks, in milliseconds */
export function tellClock(difference) {
  const warning = clockWarning(difference);
  if (clock.textContent !== warning) clock.textContent = warning;
}
