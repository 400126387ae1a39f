// @ts-check
// Pixels of 8 bits become the values of a network and back: a channel for each class, or -1 to 1 (data/coding.py of p2p).
// Nothing here may change a size.

import { roundEven } from "./fitting.mjs";

/** @typedef {import("./fitting.mjs").Pixels} Pixels */
/** @typedef {import("./fitting.mjs").Size} Size */
/** @typedef {{ kind: "classes" | "values", channels: number, range: [number, number] }} Coding */

const f32 = Math.fround;

/** Half the width of a range, which becomes 1, and its middle in units of that. @param {Coding} coding @returns {[number, number]} */
function scaleOf({ range: [low, high] }) {
  const half = (high - low) / 2 || 1;
  return [f32(half), f32((low + high) / 2 / half)];
}

/** Values (channels, height, width). @param {Pixels} pixels @param {Coding} coding */
export function encode(pixels, coding) {
  const { data } = pixels;
  const area = pixels.width * pixels.height;
  const values = new Float32Array(area * coding.channels);
  if (coding.kind === "classes") {
    for (let i = 0; i < area; i++) if (data[i] < coding.channels) values[data[i] * area + i] = 1;
    return values;
  }
  const [half, offset] = scaleOf(coding);
  const table = Float32Array.from({ length: 256 }, (_, byte) => f32(byte / half) - offset);
  for (let channel = 0; channel < coding.channels; channel++) {
    for (let i = 0; i < area; i++) values[channel * area + i] = table[data[i * coding.channels + channel]];
  }
  return values;
}

/** Pixels: the nearest bytes, or the most likely classes. @param {Float32Array} values @param {Size} size @param {Coding} coding @returns {Pixels} */
export function decode(values, { width, height }, coding) {
  const area = width * height;
  if (coding.kind === "classes") return { width, height, channels: 1, data: likeliest(values, area, coding.channels) };
  const [half, offset] = scaleOf(coding);
  const data = new Uint8Array(area * coding.channels);
  for (let channel = 0; channel < coding.channels; channel++) {
    for (let i = 0; i < area; i++) {
      const scaled = roundEven(f32(f32(values[channel * area + i] + offset) * half));
      data[i * coding.channels + channel] = Math.max(0, Math.min(255, scaled));
    }
  }
  return { width, height, channels: coding.channels, data };
}

/** @param {Float32Array} values @param {number} area @param {number} classes */
function likeliest(values, area, classes) {
  const labels = new Uint8Array(area);
  for (let i = 0; i < area; i++) {
    for (let index = 1; index < classes; index++) {
      if (values[index * area + i] > values[labels[i] * area + i]) labels[i] = index;
    }
  }
  return labels;
}
