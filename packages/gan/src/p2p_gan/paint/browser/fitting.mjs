// @ts-check
// The size at which a network sees a picture, and how the picture gets there: the same as in p2p (inference/apply.py).
// Nothing here may know what the values of a pixel mean.

import { resizePhoto } from "./resizing.mjs";

/** @typedef {{ width: number, height: number }} Size */
/**
 * Values of 8 bits, row by row, the channels of a pixel beside each other.
 * @typedef {{ width: number, height: number, channels: number, data: Uint8Array }} Pixels
 */
/** @typedef {{ size: Size | null, fit: string, unit: number, exact: boolean }} Fit  exact: no new values, as in masks */
/**
 * A picture as the network takes it. `valid` is the part (height, width) of it that is picture and not padding, `place`
 * where in the output the picture lies.
 * @typedef {{ padded: Pixels, valid: [number, number], place: Size & { left: number, top: number } }} Fitted
 */

const LEAST_SIDE = 8; // of a network's input

/** The nearest whole number, of two the even one, as Python rounds. @param {number} value */
export function roundEven(value) {
  const below = Math.floor(value);
  const part = value - below;
  if (part !== 0.5) return part < 0.5 ? below : below + 1;
  return below % 2 ? below + 1 : below;
}

/** @param {Size} one @param {Size} other */
export function sameSize(one, other) {
  return one.width === other.width && one.height === other.height;
}

/** A size in its own shape, as large as fits into a box, or as small as covers it. @param {Size} own @param {Size} box @param {boolean} cover */
export function scaleTo(own, box, cover) {
  const ratios = [box.width / own.width, box.height / own.height];
  const ratio = cover ? Math.max(...ratios) : Math.min(...ratios);
  const [width, height] = [roundEven(own.width * ratio), roundEven(own.height * ratio)];
  if (cover) return { width: Math.max(width, box.width), height: Math.max(height, box.height) };
  return { width: Math.max(1, Math.min(width, box.width)), height: Math.max(1, Math.min(height, box.height)) };
}

/** The size in the shape of `own` with about as many pixels as `size`. @param {Size} own @param {Size} size */
export function ofEqualArea(own, size) {
  const ratio = Math.sqrt((size.width * size.height) / (own.width * own.height));
  return { width: Math.max(1, roundEven(own.width * ratio)), height: Math.max(1, roundEven(own.height * ratio)) };
}

/** The size of the network's input before padding; `wanted` null is that of training. @param {Fit} how @param {Size} own @param {Size | null} wanted */
export function sizeSeen(how, own, wanted) {
  if (wanted) return wanted;
  if (!how.size) return own;
  if (how.fit === "keep") return ofEqualArea(own, how.size);
  // Training cropped the picture at the covering scale; here the whole picture has that scale.
  return how.fit === "crop" ? scaleTo(own, how.size, true) : how.size;
}

/** The picture at the size that the network sees, with sides that it can halve. @param {Fit} how @param {Pixels} picture @param {Size | null} wanted @returns {Fitted} */
export function fitPicture(how, picture, wanted) {
  const padding = !wanted && how.fit === "pad" && how.size;
  const inside = padding ? scaleTo(picture, how.size ?? picture, false) : sizeSeen(how, picture, wanted);
  const resized = how.exact ? resizeMask(picture, inside) : resizePhoto(picture, inside);
  const seen = padding ? how.size ?? inside : inside;
  const [left, top] = [Math.floor((seen.width - inside.width) / 2), Math.floor((seen.height - inside.height) / 2)];
  const fitted = pad(resized, seen, left, top, reflected);
  const whole = { width: roundUp(seen.width, how.unit), height: roundUp(seen.height, how.unit) };
  return {
    padded: pad(fitted, whole, 0, 0, mirrored),
    valid: [seen.height / whole.height, seen.width / whole.width],
    place: { left, top, ...inside },
  };
}

/** As `padded_size` does. @param {number} side @param {number} unit */
function roundUp(side, unit) {
  return Math.ceil(Math.max(side, LEAST_SIDE) / unit) * unit;
}

/** By nearest pixel centre, so that no value appears that was not there. @param {Pixels} picture @param {Size} size @returns {Pixels} */
export function resizeMask(picture, size) {
  if (sameSize(picture, size)) return picture;
  const rows = nearest(picture.height, size.height);
  return pick(picture, rows, nearest(picture.width, size.width));
}

/** @param {number} own @param {number} wanted */
function nearest(own, wanted) {
  return Int32Array.from({ length: wanted }, (_, place) => Math.floor(((place + 0.5) * own) / wanted));
}

/** Larger, the picture at a place in it and mirrored around. @param {Pixels} picture @param {Size} size @param {number} left @param {number} top @param {(place: number, side: number) => number} mirror */
function pad(picture, size, left, top, mirror) {
  if (sameSize(picture, size)) return picture;
  const rows = Int32Array.from({ length: size.height }, (_, y) => mirror(y - top, picture.height));
  const columns = Int32Array.from({ length: size.width }, (_, x) => mirror(x - left, picture.width));
  return pick(picture, rows, columns);
}

/** A mirror between the pixels of an edge: 2 1 0 0 1 2. @param {number} place @param {number} side */
export function mirrored(place, side) {
  const within = ((place % (2 * side)) + 2 * side) % (2 * side);
  return within < side ? within : 2 * side - 1 - within;
}

/** A mirror in the middle of the pixel at an edge: 2 1 0 1 2. @param {number} place @param {number} side */
export function reflected(place, side) {
  if (side === 1) return 0;
  const period = 2 * side - 2;
  const within = ((place % period) + period) % period;
  return within < side ? within : period - within;
}

/** @param {Pixels} picture @param {Int32Array} rows @param {Int32Array} columns @returns {Pixels} */
function pick(picture, rows, columns) {
  const { channels, data } = picture;
  const found = new Uint8Array(rows.length * columns.length * channels);
  let place = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * picture.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) found[place++] = data[from + channel];
    }
  }
  return { width: columns.length, height: rows.length, channels, data: found };
}

/** The rows and columns that are picture and not padding, at the input and after each halving. @param {Size} size @param {[number, number]} valid @param {number} unit */
export function validParts(size, valid, unit) {
  const parts = [];
  for (let level = 0; 2 ** level <= unit; level++) {
    parts.push(Math.max(1, roundEven((size.height >> level) * valid[0])));
    parts.push(Math.max(1, roundEven((size.width >> level) * valid[1])));
  }
  return parts;
}
