// Calls of the ledger's API, and the problems that they can have.

import { parsed } from "./amounts.js";
import { clockDifference } from "./times.js";

const SECONDS = 30; // more than the service takes before it answers 503

/** A response that is not a success. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{detail?: string, code?: string, request_id?: string, entry?: object}} document
   */
  constructor(status, document) {
    super(document.detail ?? `The service, or a proxy before it, answered with status ${status}`);
    this.status = status;
    this.code = document.code ?? "";
    this.requestId = document.request_id ?? "";
    this.entry = document.entry ?? null;
  }
}

/** There was no response, or none that can be understood. */
export class NoAnswer extends Error {}

/** @param {unknown} error */
export function isCancelled(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * Whether a post that ended with this error may still have been posted.
 * @param {unknown} error
 */
export function mayHavePosted(error) {
  return !(error instanceof Problem) || error.status >= 500 || error.status === 408;
}

/** Gives up a question when the next one is asked, so that no answer comes too late. */
export class Latest {
  #controller = new AbortController();

  /** The signal of the next question. */
  next() {
    this.#controller.abort();
    this.#controller = new AbortController();
    return this.#controller.signal;
  }
}

/** Sends requests, with the key if there is one. The key is kept here, and nowhere else. */
export class Api {
  /** @type {string} */
  #key = "";

  /**
   * @param {URL} root of the service
   * @param {(difference: number) => void} onClock is told the difference of the clocks
   */
  constructor(root, onClock) {
    this.root = root;
    this.onClock = onClock;
  }

  get hasKey() {
    return this.#key !== "";
  }

  /** @param {string} key */
  use(key) {
    this.#key = key;
  }

  /**
   * @param {string} path relative to the root
   * @param {{query?: [string, string][], signal?: AbortSignal}} [options]
   */
  get(path, { query = [], signal } = {}) {
    const url = new URL(path, this.root);
    url.search = new URLSearchParams(query).toString();
    return this.#send(url, { signal });
  }

  /**
   * @param {string} path relative to the root
   * @param {object} body
   */
  post(path, body) {
    const headers = { "Content-Type": "application/json" };
    const url = new URL(path, this.root);
    return this.#send(url, { method: "POST", body: JSON.stringify(body), headers });
  }

  /**
   * @param {URL} url
   * @param {RequestInit} init
   * @returns {Promise<any>}
   */
  async #send(url, init) {
    const headers = new Headers(init.headers);
    if (this.#key) headers.set("Authorization", `Bearer ${this.#key}`);
    const limit = AbortSignal.timeout(SECONDS * 1000);
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
    const before = Date.now();
    try {
      const response = await fetch(url, { ...init, headers, signal, cache: "no-store" });
      this.onClock(clockDifference(response.headers.get("date"), before, Date.now()));
      return await read(response);
    } catch (error) {
      if (error instanceof Problem || error instanceof NoAnswer || isCancelled(error)) throw error;
      throw new NoAnswer(
        limit.aborted
          ? `The service did not answer within ${SECONDS} seconds`
          : "The service cannot be reached",
      );
    }
  }
}

/** @param {Response} response */
async function read(response) {
  const body = json(response.headers.get("content-type") ?? "", await response.text());
  if (!response.ok) throw new Problem(response.status, body ?? {});
  if (body === null) throw new NoAnswer("The answer is not that of a ledger");
  return body;
}

/**
 * @param {string} type
 * @param {string} text
 */
function json(type, text) {
  if (!/^application\/(problem\+)?json\b/.test(type)) return null;
  try {
    return parsed(text);
  } catch {
    return null;
  }
}
