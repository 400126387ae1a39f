// @ts-check
// The picture by which a way of computing is compared with what torch gave when the model was exported.
// Nothing here may be random; `paint/static_site.py` makes the same picture.

import { maskPixels } from "./pass.mjs";

/** @typedef {import("./pass.mjs").Network} Network */
/** @typedef {import("./fitting.mjs").Pixels} Pixels */
/** @typedef {import("./fitting.mjs").Size} Size */
/**
 * The mean of each block of the output, row by row and channel by channel, and the largest difference that is no fault.
 * @typedef {{ width: number, height: number, block: number, means: number[], most: number }} Check
 */

/** Squares of all classes, or of many values. @param {Network} network @param {Size} size @returns {Pixels} */
export function checkPicture(network, { width, height }) {
  const count = network.colors?.length ?? 256;
  const squares = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) squares[y * width + x] = ((x >> 4) * 7 + (y >> 4) * 3) % count;
  }
  if (network.colors) return maskPixels(network, { width, height, classes: squares });
  const { channels } = network.input;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) data[i] = squares[Math.floor(i / channels)] * 37 + (i % channels) * 85;
  return { width, height, channels, data };
}

/** @param {Float32Array} values  (channels, height, width) @param {Size} size @param {number} channels @param {number} block  of both sides a divisor */
export function blockMeans(values, { width, height }, channels, block) {
  const across = width / block;
  const sums = new Float64Array((channels * height * width) / block ** 2);
  for (let row = 0; row < channels * height; row++) {
    const first = Math.floor(row / block) * across;
    for (let x = 0; x < width; x++) sums[first + Math.floor(x / block)] += values[row * width + x];
  }
  return Array.from(sums, (sum) => sum / block ** 2);
}

/** NaN where a value is none. @param {number[]} found @param {number[]} expected  of many classes hundreds of thousands, too many for arguments */
export function largestDifference(found, expected) {
  return found.reduce((largest, value, place) => Math.max(largest, Math.abs(value - expected[place])), 0);
}
