// Shows an owner's entries, page by page, with a filter.

import { grouped, signed } from "./amounts.js";
import { byId, element, onSubmit, shownNonce, shownOperation, time } from "./dom.js";
import { ownerPath, suspicion } from "./identifiers.js";
import { tell, tellProblem } from "./notices.js";
import { showPlot } from "./plot.js";
import { inWords, withOffset, zoneName } from "./times.js";

const PAGE = "100"; // entries

const filter = byId("filter", HTMLFormElement);
const operation = byId("filter-operation", HTMLSelectElement);
const from = byId("from", HTMLInputElement);
const to = byId("to", HTMLInputElement);
const order = byId("order", HTMLSelectElement);
const rows = byId("rows", HTMLElement);
const more = byId("more", HTMLButtonElement);
const none = byId("none", HTMLElement);
const table = byId("entries", HTMLElement);

/** @typedef {import("./amounts.js").Entry} Entry */

/** The entries of the owner that is shown. */
export class History {
  /** @type {Entry[]} */
  #entries = [];
  /** @type {string | null} the cursor of the next page */
  #next = null;
  /** @type {[string, string][]} the filter of the entries that are shown */
  #query = [];
  /** @type {[string, string][]} the filter of the latest first page that was asked for */
  #asked = [];
  #owner = "";

  /**
   * @param {import("./api.js").Api} api
   * @param {(action: () => Promise<void>) => void} run
   */
  constructor(api, run) {
    this.api = api;
    onSubmit(filter, () => run(() => this.#apply()));
    more.addEventListener("click", () => run(() => this.#loadMore()));
    byId("zone", HTMLElement).textContent = zoneName();
  }

  /** @param {import("./amounts.js").Operation[]} operations */
  offer(operations) {
    const chosen = operation.value;
    const options = operations.map((each) => element("option", {}, each.operation));
    operation.replaceChildren(element("option", { value: "" }, "All"), ...options);
    operation.value = chosen;
  }

  /** Forgets the filter, for another owner. */
  resetFilter() {
    filter.reset();
  }

  /**
   * The first page with the current filter. It is not shown yet.
   * @param {string} owner
   * @param {AbortSignal} [signal]
   */
  async firstPage(owner, signal) {
    const query = filterQuery();
    this.#asked = query;
    const page = await this.api.get(ownerPath(owner, "entries"), { query, signal });
    return { owner, query, page };
  }

  /**
   * Shows the page, unless a later one of the same owner has been asked for.
   * @param {{owner: string, query: [string, string][], page: any}} loaded
   */
  show({ owner, query, page }) {
    if (owner === this.#owner && query !== this.#asked) return;
    this.#owner = owner;
    this.#query = query;
    this.#entries = [];
    rows.replaceChildren();
    this.#add(page);
  }

  /** Describes what is shown. */
  summary() {
    if (this.#entries.length) {
      const all = this.#next ? "There are more." : "These are all.";
      return `Entries shown: ${grouped(this.#entries.length)}. ${all}`;
    }
    if (this.#isFiltered()) return "No entries match the filter.";
    return `No entries: this owner has never been posted to. ${suspicion(this.#owner)}`.trim();
  }

  async #apply() {
    if (from.value && to.value && from.value >= to.value) {
      return tellProblem("“From” must be before “To”");
    }
    const owner = this.#owner;
    const loaded = await this.firstPage(owner);
    if (owner !== this.#owner) return; // another owner has been looked up since
    this.show(loaded);
    if (loaded.query === this.#query) tell(this.summary());
  }

  async #loadMore() {
    if (more.getAttribute("aria-disabled") === "true") return; // it is loading already
    const [owner, query] = [this.#owner, this.#query];
    more.setAttribute("aria-disabled", "true");
    try {
      const page = await this.api.get(ownerPath(owner, "entries"), {
        query: [...query, ["cursor", this.#next ?? ""]],
      });
      if (query !== this.#query) return; // something else is shown by now
      this.#add(page);
    } finally {
      more.removeAttribute("aria-disabled");
    }
    tell(this.summary());
    // The focus was on the button.
    if (more.hidden) table.focus({ preventScroll: true });
  }

  /** @param {{entries: Entry[], next: string | null}} page */
  #add({ entries, next }) {
    this.#entries.push(...entries);
    this.#next = next;
    rows.append(...entries.map(row));
    more.hidden = next === null;
    table.hidden = this.#entries.length === 0;
    none.textContent = table.hidden ? this.summary() : "";
    const isNewestFirst = !this.#query.some(([name, value]) => name === "order" && value === "asc");
    showPlot(isNewestFirst ? this.#entries.toReversed() : this.#entries, this.#isFiltered());
  }

  #isFiltered() {
    return this.#query.some(([name]) => !["limit", "order"].includes(name));
  }
}

/** @returns {[string, string][]} */
function filterQuery() {
  /** @type {[string, string][]} */
  const query = [
    ["limit", PAGE],
    ["order", order.value],
    ["operation", operation.value],
    ["from", withOffset(from.value)],
    ["to", withOffset(to.value)],
  ];
  return query.filter(([, value]) => value);
}

/** @param {Entry} entry */
function row({ operation, amount, nonce, created_on, balance }) {
  const kind = amount > 0 ? "amount gain" : "amount";
  return element(
    "tr",
    { role: "row" },
    element("td", { role: "cell", class: "time" }, time(created_on, inWords(created_on))),
    element("td", { role: "cell", class: "operation" }, shownOperation(operation)),
    element("td", { role: "cell", class: kind }, signed(amount)),
    element("td", { role: "cell", class: "balance-after" }, grouped(balance)),
    element("td", { role: "cell", class: "nonce" }, shownNonce(nonce)),
  );
}
