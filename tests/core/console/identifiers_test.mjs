import assert from "node:assert/strict";
import { test } from "node:test";
import {
  consoleNonce,
  fragmentOf,
  isKey,
  ownerIn,
  ownerPath,
  partsOf,
  randomDigits,
  suspicion,
  unaskable,
} from "../../../src/python/core/console/identifiers.js";

const OWNERS = ["alice", "a/b?c#d%e&f=g+h", " ", "علي", "👩‍👩‍👧 family", "<img src=x>", "a\nb", "#owner=x", "%2F"];

test("a link to an owner leads back to it", () => {
  for (const owner of OWNERS) assert.equal(ownerIn(fragmentOf(owner)), owner);
});

test("a fragment can be typed by hand, or have another meaning", () => {
  assert.equal(ownerIn("#owner=50% off"), "50% off");
  assert.equal(ownerIn("#owner=a+b"), "a+b");
  for (const other of ["", "#", "#owner", "#other=x", "#Owner=x"]) assert.equal(ownerIn(other), "");
});

test("a path keeps every character of an owner and a nonce", () => {
  assert.equal(ownerPath("a/b"), "ledger/a%2Fb");
  assert.equal(ownerPath("a", "entries", "?x=1#y"), "ledger/a/entries/%3Fx%3D1%23y");
  for (const owner of OWNERS) {
    const url = new URL(ownerPath(owner, "limits"), "http://service/prefix/");
    const [, prefix, ledger, written, limits, ...rest] = url.pathname.split("/");
    assert.deepEqual([prefix, ledger, limits, ...rest], ["prefix", "ledger", "limits"]);
    assert.equal(decodeURIComponent(written), owner);
    assert.equal(url.search + url.hash, "");
  }
});

test("what a path cannot contain is refused before it is asked", () => {
  for (const owner of OWNERS) assert.equal(unaskable(owner, "owner"), "");
  assert.equal(unaskable("", "owner"), "Enter an owner");
  assert.match(unaskable(".", "owner"), /No owner can be called/);
  assert.match(unaskable("..", "nonce"), /list of entries only/);
  assert.equal(unaskable("...", "owner"), "");
  assert.match(unaskable("\ud83d", "nonce"), /valid Unicode/);
});

test("an identifier has at most 255 characters, whatever their size", () => {
  assert.equal(unaskable("🦊".repeat(255), "owner"), "");
  assert.match(unaskable("🦊".repeat(256), "owner"), /at most 255/);
});

test("a reason becomes a nonce, and the same one again", () => {
  const nonce = consoleNonce("  refund of\n ticket  77 ", "3fa90c1e");
  assert.equal(nonce, "console: refund of ticket 77 #3fa90c1e");
  assert.equal(consoleNonce("refund of ticket 77", "3fa90c1e"), nonce);
  assert.notEqual(consoleNonce("refund of ticket 78", "3fa90c1e"), nonce);
});

test("the nonce of any reason is one that the service accepts", () => {
  for (const reason of ["x".repeat(1000), "🦊".repeat(300), "a\0b", "\ud83d", "علي ".repeat(100)]) {
    const nonce = consoleNonce(reason, "00000000");
    assert.ok([...nonce].length <= 255, reason);
    assert.ok(nonce.isWellFormed() && !nonce.includes("\0"));
    assert.match(nonce, /^console: \S.* #00000000$/su);
  }
  assert.equal([...consoleNonce("x".repeat(1000), "00000000")].length, 255);
});

test("the reason can be told from the rest of its nonce", () => {
  assert.deepEqual(partsOf(consoleNonce("علي #1", "3fa90c1e")), ["console: ", "علي #1", " #3fa90c1e"]);
  for (const other of ["order-1", "console: x", "x console: y #3fa90c1e", "console: x #3FA90C1E"]) {
    assert.equal(partsOf(other), null);
  }
});

test("digits are random", () => {
  const made = new Set(Array.from({ length: 100 }, randomDigits));
  assert.equal(made.size, 100);
  for (const digits of made) assert.match(digits, /^[0-9a-f]{8}$/);
});

test("only what a header can carry may be a key", () => {
  assert.ok(isKey("lk_0h5kqF-_"));
  for (const key of ["", "a b", "ключ", "a\n"]) assert.ok(!isKey(key), key);
});

test("a space around an unknown owner is pointed out", () => {
  assert.equal(suspicion("alice"), "");
  assert.match(suspicion("alice "), /space/);
});
