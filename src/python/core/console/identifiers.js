// Owners and nonces: in the address, in paths of the API, and the nonces that the page makes.

const MAX_LENGTH = 255; // characters of an owner or a nonce, counted as code points
const PREFIX = "console: ";

/**
 * The part of the page's address that names an owner, so that a link to it can be shared.
 * @param {string} owner
 */
export function fragmentOf(owner) {
  return `#owner=${encodeURIComponent(owner)}`;
}

/**
 * The owner that a fragment names; empty if it names none.
 * @param {string} fragment
 */
export function ownerIn(fragment) {
  if (!fragment.startsWith("#owner=")) return "";
  const written = fragment.slice("#owner=".length);
  try {
    return decodeURIComponent(written);
  } catch {
    return written; // typed by a person, who did not encode it
  }
}

/**
 * Why the service cannot be asked about this owner or nonce; empty if it can.
 * @param {string} identifier
 * @param {"owner" | "nonce"} kind
 */
export function unaskable(identifier, kind) {
  const capital = kind === "owner" ? "An owner" : "A nonce";
  if (identifier === "") return `Enter ${capital.toLowerCase()}`;
  if ([...identifier].length > MAX_LENGTH) return `${capital} has at most ${MAX_LENGTH} characters`;
  if (!identifier.isWellFormed()) return `${capital} must be valid Unicode`;
  if (/^\.\.?$/.test(identifier)) {
    // Browsers remove these from paths, however they are encoded.
    return kind === "owner"
      ? `No owner can be called “${identifier}”`
      : `An entry with the nonce “${identifier}” can be found in the list of entries only`;
  }
  return "";
}

/**
 * The path of an owner in the API, and of what belongs to it.
 * @param {string} owner
 * @param {...string} rest
 */
export function ownerPath(owner, ...rest) {
  return ["ledger", owner, ...rest].map(encodeURIComponent).join("/");
}

/**
 * Whether this may be a key. Headers cannot carry anything else.
 * @param {string} key
 */
export function isKey(key) {
  return /^[!-~]+$/.test(key);
}

/** Eight random hexadecimal digits. */
export function randomDigits() {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The nonce that carries the reason of a post. The same reason and digits make the same nonce, so
 * a post with them that is sent again is a retry.
 * @param {string} reason
 * @param {string} digits
 */
export function consoleNonce(reason, digits) {
  const end = ` #${digits}`;
  const words = [...reason.toWellFormed().replace(/[\s\0]+/g, " ").trim()];
  const room = MAX_LENGTH - PREFIX.length - end.length;
  return PREFIX + words.slice(0, room).join("").trimEnd() + end;
}

/**
 * A nonce that this page made, as what is before the reason, the reason, and what is after it.
 * @param {string} nonce
 */
export function partsOf(nonce) {
  const parts = /^(console: )(.*)( #[0-9a-f]{8})$/su.exec(nonce);
  return parts && parts.slice(1);
}

/**
 * What to add if an owner without entries may be a slip of the keyboard.
 * @param {string} owner
 */
export function suspicion(owner) {
  return owner === owner.trim() ? "" : "The name begins or ends with a space: was that meant?";
}
