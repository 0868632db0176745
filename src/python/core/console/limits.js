// Shows how often an owner has used each limit.

import { grouped, limitInWords } from "./amounts.js";
import { byId, element, time } from "./dom.js";
import { inWords } from "./times.js";

const region = byId("limits", HTMLElement);
const rows = byId("limit-rows", HTMLElement);

/**
 * @param {{operation: string, used: number, allowed: number, resets_at: string | null}[]} limits
 * @param {import("./amounts.js").Operation[]} operations
 */
export function showLimits(limits, operations) {
  region.hidden = limits.length === 0;
  rows.replaceChildren(...limits.map((limit) => row(limit, operations)));
}

/**
 * @param {{operation: string, used: number, allowed: number, resets_at: string | null}} limit
 * @param {import("./amounts.js").Operation[]} operations
 */
function row({ operation, used, allowed, resets_at }, operations) {
  const declared = operations.find((each) => each.operation === operation)?.limit ?? null;
  const cell = (/** @type {string} */ label, /** @type {Node | string} */ content) =>
    element("td", { role: "cell", "data-label": label }, content);
  return element(
    "tr",
    { role: "row" },
    element("th", { role: "rowheader", scope: "row" }, operation),
    cell("Used", `${grouped(used)} of ${grouped(allowed)}`),
    cell("Limit", limitInWords(declared)),
    cell("Resets", resets_at ? time(resets_at, inWords(resets_at)) : "never"),
  );
}
