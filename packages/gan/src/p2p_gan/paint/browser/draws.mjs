// @ts-check
// Draws dropout and noise as p2p does (inference/runtimes/random_draws.py): for a seed the same numbers in the same order.
// Nothing here may draw in another order, or a picture would depend on where it is computed.

import { sha256, sha256Text } from "./sha256.mjs";

/** @typedef {{ channels: number, divisor: number, share: number }} DropoutLayer  sides are those of the input / divisor */

const [SIZE, SHIFT] = [624, 397];
const PART = 16; // normal numbers that are made at once, from 8 pairs of uniform ones

/** The Mersenne twister (Matsumoto and Nishimura 1998) with a seed of 32 bits. */
export class RandomSource {
  /** @param {number} seed  a whole number from 0 to below 2 ** 32 */
  constructor(seed) {
    this.state = new Uint32Array(SIZE);
    this.place = SIZE;
    this.state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const before = this.state[i - 1] ^ (this.state[i - 1] >>> 30);
      this.state[i] = Math.imul(1812433253, before) + i;
    }
  }

  /** A whole number of 32 bits. */
  word() {
    if (this.place === SIZE) this.#refill();
    let value = this.state[this.place++];
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  }

  #refill() {
    const state = this.state;
    for (let i = 0; i < SIZE; i++) {
      const both = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      state[i] = state[(i + SHIFT) % SIZE] ^ (both >>> 1) ^ (both & 1 ? 0x9908b0df : 0);
    }
    this.place = 0;
  }

  /** A number from 0 to below 1 with 24 bits, which float32 holds exactly. */
  #uniform() {
    return (this.word() & 0xffffff) * 2 ** -24;
  }

  /**
   * What a layer multiplies its values by, channel by channel: 0, or 1 / (1 - share) where it keeps them.
   * @param {DropoutLayer} layer @param {number} height @param {number} width
   */
  dropout(layer, height, width) {
    const values = new Float32Array(layer.channels * height * width);
    const [share, kept] = [Math.fround(layer.share), 1 / (1 - layer.share)];
    for (let i = 0; i < values.length; i++) values[i] = this.#uniform() >= share ? kept : 0;
    return values;
  }

  /** Normal numbers (Box and Muller 1958). @param {number} count */
  normal(count) {
    if (count < PART) return this.#fewNormal(count);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.#uniform();
    for (let first = 0; first + PART <= count; first += PART) makeNormal(values.subarray(first, first + PART));
    if (count % PART) {
      // The last ones are made anew, of numbers of their own.
      const last = values.subarray(count - PART);
      for (let i = 0; i < PART; i++) last[i] = this.#uniform();
      makeNormal(last);
    }
    return values;
  }

  /** So few are made in double precision, two at a time. @param {number} count */
  #fewNormal(count) {
    const values = new Float32Array(count);
    for (let first = 0; first < count; first += 2) {
      const [angle, radius] = [2 * Math.PI * this.#precise(), Math.sqrt(-2 * Math.log1p(-this.#precise()))];
      values[first] = radius * Math.cos(angle);
      if (first + 1 < count) values[first + 1] = radius * Math.sin(angle);
    }
    return values;
  }

  /** A number from 0 to below 1 with 53 bits. */
  #precise() {
    const [high, low] = [this.word() & 0x1fffff, this.word()];
    return (high * 2 ** 32 + low) * 2 ** -53;
  }
}

/** Keys are whole numbers below this. */
export const KEYS = 2 ** 24;
const STEP = 0x9e3779b9; // places next to each other lie far apart
const DEVIATIONS = Math.fround(Math.sqrt(12)); // how many standard deviations a uniform distribution is wide

/**
 * Uniform numbers of mean 0 and variance 1, channel by channel and row by row, as p2p has them (networks/pixel_noise.py).
 * @param {number} key @param {number} channels @param {number} height @param {number} width
 */
export function pixelNoise(key, channels, height, width) {
  const values = new Float32Array(channels * height * width);
  let place = 0;
  for (let channel = 0; channel < channels; channel++) {
    const layer = mix(key + Math.imul(channel, STEP));
    for (let y = 0; y < height; y++) {
      const line = mix(layer + Math.imul(y, STEP));
      for (let x = 0; x < width; x++) values[place++] = ((mix(line + Math.imul(x, STEP)) >>> 8) * 2 ** -24 - 0.5) * DEVIATIONS;
    }
  }
  return values;
}

/** A bijection of 32 bits in which each bit depends on all others. @param {number} word */
function mix(word) {
  word ^= word >>> 16;
  word = Math.imul(word, 0x21f0aaad);
  word ^= word >>> 15;
  word = Math.imul(word, 0xd35a2d97);
  return (word ^ (word >>> 15)) >>> 0;
}

/** Make 16 uniform numbers normal: 8 radii and 8 angles. @param {Float32Array} part */
function makeNormal(part) {
  const half = PART / 2;
  for (let i = 0; i < half; i++) {
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(1 - part[i])))));
    const angle = Math.fround(Math.fround(2 * Math.PI) * part[half + i]);
    [part[i], part[half + i]] = [radius * Math.fround(Math.cos(angle)), radius * Math.fround(Math.sin(angle))];
  }
}

/**
 * The SHA-256, in hex, of a picture's type, shape and values, as p2p's `hash_pixels` has it for 8 bits.
 * @param {Uint8Array} pixels @param {number[]} shape  height, width, and channels where there are several
 */
export function hashPixels(pixels, shape) {
  const head = new TextEncoder().encode(`|u1(${shape.join(", ")})`);
  const whole = new Uint8Array(head.length + pixels.length);
  whole.set(head);
  whole.set(pixels, head.length);
  return sha256Text(whole);
}

/**
 * The lowest 32 bits of the seed of a picture's dropout and noise, which are all that its source takes.
 * @param {string} hash  of the pixels @param {number} seed @param {number} variant
 */
export function seedOf(hash, seed, variant) {
  const digest = new DataView(sha256(new TextEncoder().encode(`${seed}:${variant}:${hash}`)).buffer);
  return ((digest.getUint32(0, true) >>> 1) | (digest.getUint32(4, true) << 31)) >>> 0;
}
