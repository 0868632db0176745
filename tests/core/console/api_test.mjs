import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  Api,
  Latest,
  NoAnswer,
  Problem,
  isCancelled,
  mayHavePosted,
} from "../../../src/python/core/console/api.js";

const ROOT = new URL("https://host/prefix/");
const original = globalThis.fetch;

/** Answers each request with what `answer` returns; the requests are in the result. */
function answering(answer) {
  const requests = [];
  globalThis.fetch = async (url, init) => {
    requests.push({ url: String(url), ...init, headers: Object.fromEntries(init.headers) });
    return answer(init);
  };
  return requests;
}

function json(status, body, type = "application/json") {
  const headers = { "Content-Type": type };
  return new Response(JSON.stringify(body), { status, headers });
}

function problem(status, body) {
  return json(status, body, "application/problem+json");
}

function api() {
  return new Api(ROOT, () => {});
}

afterEach(() => {
  globalThis.fetch = original;
});

test("a request goes to the service's own root, without a key if there is none", async () => {
  const requests = answering(() => json(200, { balance: 5 }));
  const query = [["from", "2026-11-25T10:00:00+01:00"]];
  assert.deepEqual(await api().get("ledger/a%2Fb", { query }), { balance: 5n });
  assert.equal(
    requests[0].url,
    "https://host/prefix/ledger/a%2Fb?from=2026-11-25T10%3A00%3A00%2B01%3A00",
  );
  assert.deepEqual(requests[0].headers, {});
  assert.equal(requests[0].cache, "no-store");
});

test("the key is sent in the header only", async () => {
  const requests = answering(() => json(201, {}));
  const service = api();
  assert.ok(!service.hasKey);
  service.use("lk_secret");
  assert.ok(service.hasKey);
  await service.post("ledger", { nonce: "1" });
  assert.deepEqual(requests[0].headers, {
    authorization: "Bearer lk_secret",
    "content-type": "application/json",
  });
  assert.equal(requests[0].method, "POST");
  assert.ok(!(requests[0].url + requests[0].body).includes("secret"));
});

test("a problem document is told with its request id", async () => {
  const document = { detail: "No such entry", code: "entry_not_found", request_id: "r1" };
  answering(() => problem(404, document));
  await assert.rejects(api().get("x"), (error) => {
    assert.ok(error instanceof Problem);
    const { status, code, requestId, message } = error;
    assert.deepEqual([status, code, requestId, message], [404, "entry_not_found", "r1", "No such entry"]);
    return true;
  });
});

test("a proxy's own page is told as such", async () => {
  answering(() => new Response("<h1>Bad Gateway</h1>", { status: 502 }));
  await assert.rejects(api().get("x"), { status: 502, message: /a proxy before it.* status 502/ });
  answering(() => new Response("<h1>Sign in</h1>", { headers: { "Content-Type": "text/html" } }));
  await assert.rejects(api().get("x"), { message: "The answer is not that of a ledger" });
  answering(() => new Response("{", { headers: { "Content-Type": "application/json" } }));
  await assert.rejects(api().get("x"), { message: "The answer is not that of a ledger" });
});

test("a service that cannot be reached is told as such", async () => {
  answering(() => Promise.reject(new TypeError("Failed to fetch")));
  await assert.rejects(api().get("x"), (error) => {
    return error instanceof NoAnswer && /cannot be reached/.test(error.message);
  });
});

test("a cancelled request is not reported as a problem", async () => {
  answering(({ signal }) => signal.throwIfAborted());
  await assert.rejects(api().get("x", { signal: AbortSignal.abort() }), isCancelled);
});

test("the next question gives up the one before it, and no other", () => {
  const [latest, other] = [new Latest(), new Latest()];
  const [first, elsewhere, second] = [latest.next(), other.next(), latest.next()];
  assert.deepEqual([first.aborted, elsewhere.aborted, second.aborted], [true, false, false]);
});

test("the clocks are compared with each answer", async () => {
  const differences = [];
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  answering(() => new Response("{}", { headers: { Date: date, "Content-Type": "application/json" } }));
  await new Api(ROOT, (difference) => differences.push(difference)).get("x");
  assert.equal(differences.length, 1);
  assert.ok(Math.abs(differences[0] - 3_600_000) < 5000);
});

test("only an answer that decides says that nothing was posted", () => {
  for (const status of [500, 502, 503, 504, 408]) assert.ok(mayHavePosted(new Problem(status, {})));
  for (const status of [400, 401, 403, 409, 422]) assert.ok(!mayHavePosted(new Problem(status, {})));
  assert.ok(mayHavePosted(new NoAnswer()));
});
