// @ts-check
// SHA-256 (FIPS 180-4) of bytes, at once: the browser's own is missing on pages without HTTPS, and it answers later.
// Nothing here may know what is hashed.

const BLOCK = 64;

/** The first 32 bits of the fractional parts of a root of the first primes. @param {number} count @param {number} root */
function rootsOfPrimes(count, root) {
  const found = [];
  for (let number = 2; found.length < count; number++) {
    let prime = true;
    for (let factor = 2; factor * factor <= number; factor++) if (number % factor === 0) prime = false;
    if (prime) found.push(Math.floor((number ** (1 / root) % 1) * 2 ** 32) | 0);
  }
  return Int32Array.from(found);
}

const FIRST = rootsOfPrimes(8, 2);
const ROUNDS = rootsOfPrimes(64, 3);

/** @param {number} word @param {number} by */
function turn(word, by) {
  return (word >>> by) | (word << (32 - by));
}

/** The bytes with a 1, zeros and their length in bits behind, a multiple of 64. @param {Uint8Array} bytes */
function pad(bytes) {
  const padded = new Uint8Array((Math.floor((bytes.length + 8) / BLOCK) + 1) * BLOCK);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, (bytes.length * 8) >>> 0);
  return view;
}

/** Mix one block into the state. @param {Int32Array} state @param {DataView} view @param {number} from @param {Int32Array} words */
function mix(state, view, from, words) {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(from + 4 * i);
  for (let i = 16; i < 64; i++) {
    const [early, late] = [words[i - 15], words[i - 2]];
    const small = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const large = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[i] = words[i - 16] + small + words[i - 7] + large;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const chosen = (e & f) ^ (~e & g);
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + chosen + ROUNDS[i] + words[i]) | 0;
    const most = (a & b) ^ (a & c) ^ (b & c);
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + most;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  const mixed = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] += mixed[i];
}

/** The 32 bytes of the hash. @param {Uint8Array} bytes */
export function sha256(bytes) {
  const [state, view, words] = [Int32Array.from(FIRST), pad(bytes), new Int32Array(64)];
  for (let from = 0; from < view.byteLength; from += BLOCK) mix(state, view, from, words);
  const hash = new DataView(new ArrayBuffer(32));
  state.forEach((word, place) => hash.setInt32(4 * place, word));
  return new Uint8Array(hash.buffer);
}

/** The hash in hexadecimal digits. @param {Uint8Array} bytes */
export function sha256Text(bytes) {
  return Array.from(sha256(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
