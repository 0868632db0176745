// Times in the browser's zone, and the difference between its clock and the service's.

const MINUTE = 60_000;

/** The name of the browser's time zone. */
export function zoneName() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone ?? "this device's time zone";
}

/**
 * A time of the service, in words.
 * @param {string} iso
 * @param {string} [timeZone] the browser's by default
 */
export function inWords(iso, timeZone) {
  return formatted(iso, { dateStyle: "medium", timeStyle: "medium", timeZone });
}

/**
 * The same without seconds, for times that have none.
 * @param {string} iso
 * @param {string} [timeZone]
 */
export function toTheMinute(iso, timeZone) {
  return formatted(iso, { dateStyle: "medium", timeStyle: "short", timeZone });
}

/**
 * @param {string} iso
 * @param {Intl.DateTimeFormatOptions} options
 */
function formatted(iso, options) {
  return new Intl.DateTimeFormat("en-GB", options).format(new Date(iso));
}

/**
 * The value of a `datetime-local` field with the browser's offset at that time, as the API takes
 * it; empty if there is none.
 * @param {string} local
 */
export function withOffset(local) {
  if (!local) return "";
  const time = new Date(local);
  const ahead = -time.getTimezoneOffset();
  // Not `local` itself: a clock that is put forward has no times in the hour that it skips.
  const wall = new Date(time.getTime() + ahead * MINUTE).toISOString().slice(0, 19);
  const two = (/** @type {number} */ number) => String(Math.floor(number)).padStart(2, "0");
  const size = Math.abs(ahead);
  return `${wall}${ahead < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/**
 * How far the service's clock is ahead of the browser's, in milliseconds. The response with this
 * `Date` arrived at `after`, for a request that was sent at `before`. The result is 0 as long as
 * the two clocks may agree.
 * @param {string | null} date
 * @param {number} before
 * @param {number} after
 */
export function clockDifference(date, before, after) {
  const server = Date.parse(date ?? "");
  if (Number.isNaN(server)) return 0;
  if (server > after) return server - after;
  const end = server + 1000; // the header has whole seconds
  return end < before ? end - before : 0;
}

/**
 * What to tell about a difference of the clocks; empty if it does not matter.
 * @param {number} difference
 */
export function clockWarning(difference) {
  if (Math.abs(difference) <= MINUTE) return "";
  const side = difference > 0 ? "behind" : "ahead of";
  return (
    `This device's clock is ${duration(Math.abs(difference))} ${side} the service's. ` +
    "Times on this page are the service's."
  );
}

/** @param {number} milliseconds */
function duration(milliseconds) {
  const minutes = milliseconds / MINUTE;
  /** @type {[number, string]} */
  const [size, unit] =
    minutes < 120 ? [1, "minute"] : minutes < 2880 ? [60, "hour"] : [1440, "day"];
  const count = Math.round(minutes / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
