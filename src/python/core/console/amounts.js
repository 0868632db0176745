// Formats amounts, balances and limits, and summarizes a series of balances.

const PLAIN = new Intl.NumberFormat("en");
const SIGNED = new Intl.NumberFormat("en", { signDisplay: "exceptZero" });

/**
 * @typedef {{id: number, operation: string, amount: number, nonce: string, created_on: string,
 *   balance: bigint}} Entry
 * @typedef {{operation: string, amount: number, per_unit: {at_most: number} | null,
 *   limit: {count: number, per: string | null, timezone: string} | null}} Operation
 * @typedef {{first: Entry, last: Entry, lowest: bigint, highest: bigint, count: number}} Span
 */

/**
 * Parses the JSON of the service. A balance becomes a bigint, because it can be greater than the
 * greatest number that JavaScript represents exactly.
 * @param {string} text
 * @returns {any}
 */
export function parsed(text) {
  // In a string of JSON, quotation marks are escaped, so this matches nothing but the field.
  const exact = text.replace(/"balance":\s*(\d+)/g, '"balance":"$1"');
  return JSON.parse(exact, (key, value) =>
    key === "balance" && /^\d+$/.test(value) ? BigInt(value) : value,
  );
}

/** @param {number | bigint} number */
export function grouped(number) {
  return PLAIN.format(number);
}

/** @param {number | bigint} amount */
export function signed(amount) {
  return SIGNED.format(amount).replace("-", "\u2212"); // as wide as the plus sign
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} several
 */
export function counted(count, one, several) {
  return `${grouped(count)} ${count === 1 ? one : several}`;
}

/**
 * What a post does to the balance.
 * @param {Operation} operation
 * @param {number} quantity
 */
export function effect(operation, quantity) {
  const amount = operation.amount * (operation.per_unit ? quantity : 1);
  const verb = amount < 0 ? "Takes" : "Adds";
  const credits = counted(Math.abs(amount), "credit", "credits");
  if (!operation.per_unit) return `${verb} ${credits}`;
  const each = grouped(Math.abs(operation.amount));
  return `${verb} ${credits}: ${each} for each of ${counted(quantity, "unit", "units")}`;
}

/**
 * Describes a limit, such as `1 per day (UTC)`.
 * @param {Operation["limit"]} limit
 */
export function limitInWords(limit) {
  if (!limit) return "";
  return limit.per
    ? `${grouped(limit.count)} per ${limit.per} (${limit.timezone})`
    : `${grouped(limit.count)} ever`;
}

/**
 * The operations that a key may post.
 * @param {Operation[]} operations
 * @param {string[]} scopes
 */
export function postable(operations, scopes) {
  return operations.filter(
    ({ operation }) => scopes.includes("post") || scopes.includes(`post:${operation}`),
  );
}

/**
 * What the entries, oldest first, say about the balance. There must be at least one.
 * @param {Entry[]} entries
 * @returns {Span}
 */
export function spanOf(entries) {
  let lowest = entries[0].balance;
  let highest = lowest;
  for (const { balance } of entries) {
    if (balance < lowest) lowest = balance;
    if (balance > highest) highest = balance;
  }
  const last = entries[entries.length - 1];
  return { first: entries[0], last, lowest, highest, count: entries.length };
}

/**
 * The path of a step line through the balances of the entries, oldest first, in a box of this
 * width and height. It begins with the balance before the first entry.
 * @param {Entry[]} entries
 * @param {number} width
 * @param {number} height
 */
export function stepLine(entries, width, height) {
  const before = entries[0].balance - BigInt(entries[0].amount);
  const { highest } = spanOf(entries);
  const top = Number(highest > before ? highest : before) || 1;
  const times = entries.map(({ created_on }) => Date.parse(created_on));
  const [begin, end] = [times[0], times[times.length - 1]];
  const margin = width * 0.02; // so that the first and the last step can be seen
  const x = (/** @type {number} */ time) =>
    margin + ((time - begin) / (end - begin || 1)) * (width - 2 * margin);
  const y = (/** @type {bigint} */ balance) => height * (1 - Number(balance) / top);
  const round = (/** @type {number} */ number) => Math.round(number * 10) / 10;
  const steps = entries.map(({ balance }, i) => `H${round(x(times[i]))}V${round(y(balance))}`);
  return `M0,${round(y(before))}${steps.join("")}H${width}`;
}
