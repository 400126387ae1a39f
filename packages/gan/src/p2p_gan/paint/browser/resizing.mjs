// @ts-check
// Brings photos to another size as p2p does: by area along a side that shrinks, by Lanczos along one that grows; and
// a network's classes by their probabilities. Nothing here may be used for masks: values are blended.

/** @typedef {import("./fitting.mjs").Size} Size */
/** @typedef {import("./fitting.mjs").Pixels} Pixels */
/** The source pixels of one pixel and their weights, which sum to 1. @typedef {{ from: number[], weights: number[] }} Taps */

const REACH = 4; // pixels of a Lanczos kernel to each side

/** A photo of another size, within a step of 255 or two of what OpenCV gives. @param {Pixels} photo @param {Size} size @returns {Pixels} */
export function resizePhoto(photo, size) {
  const inner = { width: Math.min(photo.width, size.width), height: Math.min(photo.height, size.height) };
  return stretch(stretch(photo, inner, areaTaps), size, lanczosTaps);
}

/** @param {Pixels} photo @param {Size} size @param {(own: number, wanted: number) => Taps[]} tapsOf @returns {Pixels} */
function stretch(photo, size, tapsOf) {
  if (photo.width === size.width && photo.height === size.height) return photo;
  const { channels } = photo;
  const values = resample(Float32Array.from(photo.data), photo, channels, size, tapsOf);
  // A clamped array rounds and clips what it is given, and halves to the even number, as OpenCV does.
  return { ...size, channels, data: new Uint8Array(Uint8ClampedArray.from(values).buffer) };
}

/** @param {Float32Array} values @param {Size} own @param {number} channels @param {Size} size @param {(own: number, wanted: number) => Taps[]} tapsOf */
function resample(values, own, channels, size, tapsOf) {
  const across = size.width === own.width ? values : resampleRows(values, own.height, own.width, channels, tapsOf(own.width, size.width));
  // A column of pixels is a row of "pixels" that are as wide as the picture.
  return size.height === own.height ? across : resampleRows(across, 1, own.height, size.width * channels, tapsOf(own.height, size.height));
}

/** @param {Float32Array} values @param {number} rows @param {number} length @param {number} channels @param {Taps[]} taps */
function resampleRows(values, rows, length, channels, taps) {
  const found = new Float32Array(rows * taps.length * channels);
  for (let row = 0; row < rows; row++) {
    for (const [place, { from, weights }] of taps.entries()) {
      const to = (row * taps.length + place) * channels;
      for (const [each, source] of from.entries()) {
        const start = (row * length + source) * channels;
        for (let channel = 0; channel < channels; channel++) found[to + channel] += values[start + channel] * weights[each];
      }
    }
  }
  return found;
}

/** Each pixel covers `own / wanted` pixels of the source, those at its ends in part. @param {number} own @param {number} wanted */
function areaTaps(own, wanted) {
  return tapsFor(wanted, (place) => {
    const [start, end] = [(place * own) / wanted, ((place + 1) * own) / wanted];
    return tapsBetween(Math.floor(start), Math.ceil(end), own, (pixel) => Math.min(pixel + 1, end) - Math.max(pixel, start));
  });
}

/** The Lanczos kernel of 8 pixels: sinc(t) sinc(t / 4). @param {number} own @param {number} wanted */
function lanczosTaps(own, wanted) {
  return tapsFor(wanted, (place) => {
    const centre = ((place + 0.5) * own) / wanted - 0.5;
    const first = Math.floor(centre) - REACH + 1;
    return tapsBetween(first, first + 2 * REACH, own, (pixel) => sinc(pixel - centre) * sinc((pixel - centre) / REACH));
  });
}

/** Bilinear, over all that a pixel covers where the side shrinks; nothing outside counts. @param {number} own @param {number} wanted */
function linearTaps(own, wanted) {
  const reach = Math.max(own / wanted, 1);
  return tapsFor(wanted, (place) => {
    const centre = ((place + 0.5) * own) / wanted;
    const [first, end] = [Math.max(0, Math.floor(centre - reach)), Math.min(own, Math.ceil(centre + reach) + 1)];
    return tapsBetween(first, end, own, (pixel) => Math.max(0, 1 - Math.abs(pixel + 0.5 - centre) / reach));
  });
}

/** @param {number} wanted @param {(place: number) => Taps} tapsAt */
function tapsFor(wanted, tapsAt) {
  return Array.from({ length: wanted }, (_, place) => tapsAt(place));
}

/** Pixels outside are those at the edge. @param {number} first @param {number} end @param {number} own @param {(pixel: number) => number} weigh @returns {Taps} */
function tapsBetween(first, end, own, weigh) {
  /** @type {Taps} */
  const taps = { from: [], weights: [] };
  for (let pixel = first; pixel < end; pixel++) {
    taps.from.push(Math.max(0, Math.min(own - 1, pixel)));
    taps.weights.push(weigh(pixel));
  }
  const total = taps.weights.reduce((sum, weight) => sum + weight, 0);
  taps.weights = taps.weights.map((weight) => weight / total);
  return taps;
}

/** @param {number} value */
function sinc(value) {
  return value === 0 ? 1 : Math.sin(Math.PI * value) / (Math.PI * value);
}

/**
 * The most likely class of each pixel at another size, from a network's values resized class by class: smooth borders.
 * @param {Float32Array} logits  class by class @param {Size} own @param {number} classes @param {Size} size
 */
export function labelsAt(logits, own, classes, size) {
  const labels = new Uint8Array(size.width * size.height);
  /** @type {Float32Array | null} */
  let best = null;
  for (let index = 0; index < classes; index++) {
    const plane = logits.subarray(index * own.width * own.height, (index + 1) * own.width * own.height);
    const values = resample(plane, own, 1, size, linearTaps);
    if (best) {
      for (let i = 0; i < values.length; i++) if (values[i] > best[i]) [labels[i], best[i]] = [index, values[i]];
    } else best = values;
  }
  return labels;
}
