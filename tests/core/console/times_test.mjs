import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clockDifference,
  clockWarning,
  inWords,
  toTheMinute,
  withOffset,
  zoneName,
} from "../../../src/python/core/console/times.js";

const DATE = "Sun, 29 Nov 2026 12:00:00 GMT";
const NOON = Date.parse(DATE);
const MINUTE = 60_000;

/** Calls `body` in another time zone than that of the machine. */
function inZone(zone, body) {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    body();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

test("a time is told in the browser's zone", () => {
  const shown = inWords("2026-11-23T23:06:53.868446Z", "Europe/Berlin");
  assert.equal(shown, "24 Nov 2026, 00:06:53");
  assert.equal(toTheMinute("2026-11-23T23:00:00Z", "Europe/Berlin"), "24 Nov 2026, 00:00");
  inZone("America/New_York", () => {
    assert.equal(inWords("2026-11-23T23:06:53.868446Z"), "23 Nov 2026, 18:06:53");
    assert.equal(zoneName(), "America/New_York");
  });
});

test("a local time is sent with its offset", () => {
  const cases = [
    ["Europe/Berlin", "2026-11-25T10:00", "2026-11-25T10:00:00+01:00"],
    ["Europe/Berlin", "2026-07-25T10:00:30", "2026-07-25T10:00:30+02:00"],
    ["America/St_Johns", "2026-11-25T10:00", "2026-11-25T10:00:00-03:30"],
    ["Asia/Kathmandu", "2026-11-25T00:00", "2026-11-25T00:00:00+05:45"],
    ["UTC", "2026-11-25T10:00", "2026-11-25T10:00:00+00:00"],
  ];
  for (const [zone, local, sent] of cases) {
    inZone(zone, () => {
      assert.equal(withOffset(local), sent);
      assert.equal(Date.parse(withOffset(local)), new Date(local).getTime());
    });
  }
  assert.equal(withOffset(""), "");
});

test("a time that a clock has skipped is sent as the one after it", () => {
  inZone("Europe/Berlin", () => {
    assert.equal(withOffset("2026-03-29T02:30"), "2026-03-29T03:30:00+02:00");
  });
});

test("clocks that may agree do not differ, however long the request took", () => {
  assert.equal(clockDifference(DATE, NOON - 5, NOON + 5), 0);
  assert.equal(clockDifference(DATE, NOON + 900, NOON + 950), 0); // the header has whole seconds
  assert.equal(clockDifference(DATE, NOON - 30_000, NOON + 30_000), 0);
  assert.equal(clockDifference(null, NOON, NOON), 0);
  assert.equal(clockDifference("nonsense", NOON, NOON), 0);
});

test("clocks differ in two directions", () => {
  assert.equal(clockDifference(DATE, NOON - 5 * MINUTE - 10, NOON - 5 * MINUTE), 5 * MINUTE);
  assert.equal(clockDifference(DATE, NOON + 5 * MINUTE + 1000, NOON + 6 * MINUTE), -5 * MINUTE);
});

test("a clock that is wrong by more than a minute is pointed out", () => {
  assert.equal(clockWarning(0), "");
  assert.equal(clockWarning(MINUTE), "");
  assert.equal(clockWarning(-MINUTE), "");
  assert.match(clockWarning(5 * MINUTE), /clock is 5 minutes behind the service's/);
  assert.match(clockWarning(-1.2 * MINUTE), /clock is 1 minute ahead of the service's/);
  assert.match(clockWarning(180 * MINUTE), /3 hours behind/);
  assert.match(clockWarning(-365 * 1440 * MINUTE), /365 days ahead/);
});
