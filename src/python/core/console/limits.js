// Shows how often an owner has used each limit.

import { grouped, limitInWords } from "./amounts.js";
import { byId, element, time } from "./dom.js";
import { toTheMinute } from "./times.js";

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
  return element(
    "tr",
    { role: "row" },
    element("th", { role: "rowheader", scope: "row" }, operation),
    element("td", { role: "cell", class: "used" }, `${grouped(used)} of ${grouped(allowed)}`),
    element("td", { role: "cell" }, limitInWords(declared)),
    element("td", { role: "cell" }, resets_at ? time(resets_at, toTheMinute(resets_at)) : "never"),
  );
}
