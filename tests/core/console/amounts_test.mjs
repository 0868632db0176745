import assert from "node:assert/strict";
import { test } from "node:test";
import {
  effect,
  grouped,
  limitInWords,
  parsed,
  postable,
  signed,
  spanOf,
  stepLine,
} from "../../../src/python/core/console/amounts.js";

const fixed = { operation: "CREDIT_ADD", amount: 10, per_unit: null, limit: null };
const perUnit = { ...fixed, operation: "TOKENS", amount: -2, per_unit: { at_most: 1000 } };

/** Entries, oldest first, of these amounts, a minute apart. */
function entries(...amounts) {
  let balance = 0n;
  return amounts.map((amount, i) => {
    balance += BigInt(amount);
    return { amount, balance, created_on: new Date(i * 60_000).toISOString() };
  });
}

test("the greatest balance is exact", () => {
  const { balance } = parsed('{"owner_id":"a","balance":9223372036854775807}');
  assert.equal(balance, 9223372036854775807n);
  assert.equal(grouped(balance), "9,223,372,036,854,775,807");
});

test("a nonce that looks like a balance stays what it is", () => {
  const entry = { nonce: '"balance":12345678901234567890', balance: 5 };
  const body = { entries: [entry, { nonce: "12345", balance: 0 }], amount: -5 };
  assert.deepEqual(parsed(JSON.stringify(body)), {
    entries: [{ ...entry, balance: 5n }, { nonce: "12345", balance: 0n }],
    amount: -5,
  });
});

test("amounts have a sign, and balances have groups of digits", () => {
  assert.equal(signed(10), "+10");
  assert.equal(signed(-1234), "\u22121,234");
  assert.equal(grouped(0n), "0");
});

test("what a post does is told in credits", () => {
  assert.equal(effect(fixed, 1), "Adds 10 credits");
  assert.equal(effect({ ...fixed, amount: -1 }, 1), "Takes 1 credit");
  assert.equal(effect(perUnit, 1000), "Takes 2,000 credits: 2 for each of 1,000 units");
  assert.equal(effect(perUnit, 1), "Takes 2 credits: 2 for each of 1 unit");
});

test("limits are described in words", () => {
  assert.equal(limitInWords(null), "");
  assert.equal(limitInWords({ count: 1, per: null, timezone: "UTC" }), "1 ever");
  const monthly = { count: 3, per: "month", timezone: "Europe/Berlin" };
  assert.equal(limitInWords(monthly), "3 per month (Europe/Berlin)");
});

test("a key is offered the operations that it may post, and no others", () => {
  const offered = (...scopes) => postable([fixed, perUnit], scopes).map((each) => each.operation);
  assert.deepEqual(offered("read"), []);
  assert.deepEqual(offered("read", "post"), ["CREDIT_ADD", "TOKENS"]);
  assert.deepEqual(offered("read", "post:TOKENS"), ["TOKENS"]);
  assert.deepEqual(offered("read", "post:CREDIT", "post:TOKENS_X"), []);
});

test("a span has the lowest and the highest balance of its entries", () => {
  const { first, last, ...span } = spanOf(entries(10, -8, 20, -5));
  assert.deepEqual(span, { lowest: 2n, highest: 22n, count: 4 });
  assert.deepEqual([first.amount, last.amount], [10, -5]);
});

test("the step line goes from the balance before the first entry to the one after the last", () => {
  // Width 100 has margins of 2; the highest balance is at 0, and 0 at the height.
  const line = stepLine(entries(10, -5, 15), 100, 40);
  assert.equal(line, "M0,40H2V20H50V30H98V0H100");
});

test("the step line begins where the balance was before", () => {
  const [, ...later] = entries(100, -50, -25);
  assert.equal(stepLine(later, 100, 100), "M0,0H2V50H98V75H100");
});

test("entries of one moment, and a balance of nothing, can be drawn", () => {
  const [one] = entries(10);
  assert.equal(stepLine([one], 100, 40), "M0,40H2V0H100");
  assert.equal(stepLine([one, { ...one, balance: 20n }], 100, 40), "M0,40H2V20H2V0H100");
  assert.equal(stepLine([{ ...one, amount: 0, balance: 0n }], 100, 40), "M0,40H2V40H100");
});

test("the greatest balances can be drawn", () => {
  const top = 2n ** 63n - 1n;
  const [one] = entries(10);
  assert.equal(stepLine([{ ...one, balance: top }], 100, 40), "M0,0H2V0H100");
});
