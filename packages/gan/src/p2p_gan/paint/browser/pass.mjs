// @ts-check
// One pass of an exported network as p2p makes it (inference/apply.py): a picture to the inputs, the output to a picture.
// Nothing here may run the network, or draw what does not follow from the picture, the seed and the variant.

import { decode, encode } from "./coding.mjs";
import { KEYS, RandomSource, hashPixels, pixelNoise, seedOf } from "./draws.mjs";
import { fitPicture, sameSize, validParts } from "./fitting.mjs";
import { labelsAt, resizePhoto } from "./resizing.mjs";

/** @typedef {import("./coding.mjs").Coding} Coding */
/** @typedef {import("./draws.mjs").DropoutLayer} DropoutLayer */
/** @typedef {import("./fitting.mjs").Fitted} Fitted */
/** @typedef {import("./fitting.mjs").Pixels} Pixels */
/** @typedef {import("./fitting.mjs").Size} Size */
/** @typedef {[number, number, number]} Color */

/**
 * What `p2p export` says of a network. `colors` are those of the palette where masks are drawn, by class.
 * @typedef {object} Network
 * @property {Coding} input
 * @property {Coding} output
 * @property {import("./fitting.mjs").Fit} fit
 * @property {Color[] | null} colors
 * @property {boolean} takes_padding
 * @property {number} noise  channels of noise that are the same at every pixel
 * @property {number} pixel_noise  channels of noise of each pixel
 * @property {DropoutLayer[]} dropout  in the order in which they draw
 */
/** @typedef {{ seed: number, variant: number, dropout: boolean, size: Size | null }} PassOptions */
/** @typedef {{ type: "float32" | "int64", data: Float32Array | BigInt64Array, dims: number[] }} GraphInput */

/** Of the class number 255, which stands for ignored pixels. @type {Color} */
const IGNORE_COLOR = [255, 0, 254];
const ALL = 2n ** 31n - 1n; // rows and columns: more than any picture has

/** A mask as the network's input: its classes, or their colours. @param {Network} network @param {{ width: number, height: number, classes: Uint8Array }} mask @returns {Pixels} */
export function maskPixels({ input, colors }, { width, height, classes }) {
  if (input.kind === "classes" || !colors) return { width, height, channels: 1, data: classes };
  const data = new Uint8Array(classes.length * input.channels);
  classes.forEach((index, place) => data.set((colors[index] ?? IGNORE_COLOR).slice(0, input.channels), place * input.channels));
  return { width, height, channels: input.channels, data };
}

/**
 * The network's inputs by name, and where in its output the picture will be.
 * @param {Network} network @param {Pixels} picture @param {PassOptions} options
 * @returns {{ inputs: Record<string, GraphInput>, fitted: Fitted }}
 */
export function prepareInputs(network, picture, options) {
  const fitted = fitPicture(network.fit, picture, options.size);
  const { padded } = fitted;
  /** @type {Record<string, GraphInput>} */
  const inputs = { image: floats(encode(padded, network.input), [1, network.input.channels, padded.height, padded.width]) };
  if (network.takes_padding) inputs.valid = validInput(padded, fitted.valid, network.fit.unit);
  return { inputs: { ...inputs, ...draw(network, picture, padded, options) }, fitted };
}

/** @param {Float32Array} data @param {number[]} dims @returns {GraphInput} */
function floats(data, dims) {
  return { type: "float32", data, dims };
}

/** @param {Size} size @param {[number, number]} valid @param {number} unit @returns {GraphInput} */
function validInput(size, valid, unit) {
  const parts = validParts(size, valid, unit).map(BigInt);
  const whole = valid[0] === 1 && valid[1] === 1;
  return { type: "int64", data: BigInt64Array.from(whole ? parts.map(() => ALL) : parts), dims: [parts.length / 2, 2] };
}

/** Noise and dropout in the order of the network; without dropout what changes nothing. @param {Network} network @param {Pixels} picture @param {Size} size @param {PassOptions} options */
function draw({ noise, pixel_noise, dropout }, picture, size, options) {
  const { width, height, channels, data } = picture;
  const shape = channels === 1 ? [height, width] : [height, width, channels];
  const source = options.dropout ? new RandomSource(seedOf(hashPixels(data, shape), options.seed, options.variant)) : null;
  /** @type {Record<string, GraphInput>} */
  const inputs = {};
  if (noise || pixel_noise) inputs.noise = drawNoise(source, noise, pixel_noise, size);
  for (const [number, layer] of dropout.entries()) {
    const [tall, wide] = [Math.floor(size.height / layer.divisor), Math.floor(size.width / layer.divisor)];
    inputs[`dropout_${number}`] = source
      ? floats(source.dropout(layer, tall, wide), [1, layer.channels, tall, wide])
      : floats(Float32Array.of(1), [1, 1, 1, 1]);
  }
  return inputs;
}

/** Noise, as large as the input where some is of pixels. @param {RandomSource | null} source @param {number} whole @param {number} pixels @param {Size} size @returns {GraphInput} */
function drawNoise(source, whole, pixels, { width, height }) {
  const count = whole + pixels;
  if (!source) return floats(new Float32Array(count), [1, count, 1, 1]);
  const drawn = source.normal(whole);
  if (!pixels) return floats(drawn, [1, count, 1, 1]);
  const values = new Float32Array(count * height * width);
  drawn.forEach((value, channel) => values.fill(value, channel * height * width, (channel + 1) * height * width));
  values.set(pixelNoise(source.word() % KEYS, pixels, height, width), whole * height * width);
  return floats(values, [1, count, height, width]);
}

/**
 * The picture at its own size, of the network's output (channels, height, width) for the padded one.
 * @param {Network} network @param {Fitted} fitted @param {Size} own @param {Float32Array} values
 * @returns {Pixels}
 */
export function finishOutput({ output }, { padded, place }, own, values) {
  const inside = cut(values, padded, place, output.channels);
  if (sameSize(place, own)) return decode(inside, place, output);
  if (output.kind === "classes") return { ...own, channels: 1, data: labelsAt(inside, place, output.channels, own) };
  return resizePhoto(decode(inside, place, output), own);
}

/** @param {Float32Array} values @param {Size} whole @param {Fitted["place"]} place @param {number} channels */
function cut(values, whole, place, channels) {
  if (sameSize(whole, place)) return values;
  const found = new Float32Array(channels * place.width * place.height);
  for (let row = 0; row < channels * place.height; row++) {
    const [channel, y] = [Math.floor(row / place.height), row % place.height];
    const from = (channel * whole.height + y + place.top) * whole.width + place.left;
    found.set(values.subarray(from, from + place.width), row * place.width);
  }
  return found;
}
