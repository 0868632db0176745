// Draws the balance over the time of the loaded entries, as a step line.

import { counted, grouped, spanOf, stepLine } from "./amounts.js";
import { byId, time } from "./dom.js";
import { inWords } from "./times.js";

const figure = byId("figure", HTMLElement);
const plot = byId("plot", SVGSVGElement);
const { width, height } = plot.viewBox.baseVal;

/**
 * @param {import("./amounts.js").Entry[]} entries oldest first
 * @param {boolean} filtered whether there may be other entries between these
 */
export function showPlot(entries, filtered) {
  figure.hidden = entries.length === 0;
  if (figure.hidden) return;
  const { first, last, lowest, highest, count } = spanOf(entries);
  const line = stepLine(entries, width, height);
  plot.querySelector(".line")?.setAttribute("d", line);
  plot.querySelector(".area")?.setAttribute("d", `${line}V${height}H0Z`);
  const [from, to] = [inWords(first.created_on), inWords(last.created_on)];
  const shown = counted(count, "entry", "entries");
  const range = `lowest ${grouped(lowest)}, highest ${grouped(highest)}`;
  const reservation = filtered ? "; entries that the filter hides are left out" : "";
  plot.setAttribute(
    "aria-label",
    `Balance over ${shown}, from ${from} to ${to}: ${range}, ${grouped(last.balance)} at the end`,
  );
  byId("plot-top", HTMLElement).textContent = grouped(maximum(entries[0], highest));
  byId("plot-from", HTMLElement).replaceChildren(time(first.created_on, from));
  byId("plot-to", HTMLElement).replaceChildren(time(last.created_on, to));
  byId("plot-summary", HTMLElement).textContent = `Over ${shown}: ${range}${reservation}`;
}

/**
 * The greatest balance of the line, which begins before the first entry.
 * @param {import("./amounts.js").Entry} first
 * @param {bigint} highest
 */
function maximum(first, highest) {
  const before = first.balance - BigInt(first.amount);
  return before > highest ? before : highest;
}
