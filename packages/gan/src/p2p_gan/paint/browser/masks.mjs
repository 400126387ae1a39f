// @ts-check
// Reads a picture file as a mask of a palette: each pixel by its colour, and what is no mask is refused.
// Nothing here may blend: a colour of no class becomes that of the nearest one, and this is said.

import { EngineError } from "../page/engine.mjs";
import { IGNORE } from "../page/palette.mjs";
import { decodeIndexedPng } from "../page/png.mjs";

/** @typedef {import("../page/engine.mjs").Palette} Palette */
/** @typedef {import("../page/engine.mjs").Mask} Mask */
/** @typedef {import("../page/engine.mjs").ReadMask} ReadMask */
/** @typedef {{ width: number, height: number, data: Uint8Array | Uint8ClampedArray }} Rgba */

const NEAR = 48; // of 255 in any channel: what a JPEG makes of a colour
const MOST_FAR = 0.05; // of all pixels; soft edges have fewer
const OPAQUE = 128;

/**
 * @param {Palette} palette @param {Blob} file @param {number} pixels  the most that are taken
 * @returns {Promise<ReadMask>}
 */
export async function readMask(palette, file, pixels) {
  const picture = (await readIndexed(file)) ?? (await readPixels(file, "none"));
  refuseLarge(picture, pixels);
  return maskOfColors(palette, picture);
}

/** @param {{ width: number, height: number }} size @param {number} pixels */
export function refuseLarge({ width, height }, pixels) {
  if (width * height <= pixels) return;
  const what = `has ${width}x${height} pixels, more than ${pixels}`;
  throw new EngineError({ where: "the picture", what, to_do: "Make it smaller.", code: "too-large" });
}

/** The colours of an indexed PNG, which no colour profile has touched. @param {Blob} file @returns {Promise<Rgba | null>} */
async function readIndexed(file) {
  const found = await decodeIndexedPng(new Uint8Array(await file.arrayBuffer()));
  if (!found?.table) return null;
  const { width, height, pixels, table } = found;
  const data = new Uint8Array(4 * pixels.length).fill(255);
  pixels.forEach((row, place) => data.set(table.subarray(3 * row, 3 * row + 3), 4 * place));
  return { width, height, data };
}

/**
 * The pixels of any picture that the browser knows.
 * @param {Blob} file @param {ColorSpaceConversion} profile  whether its colour profile counts
 * @returns {Promise<Rgba>}
 */
export async function readPixels(file, profile) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: profile, premultiplyAlpha: "none" }).catch(() => null);
  if (!bitmap) {
    const to_do = "Give a PNG or JPEG.";
    throw new EngineError({ where: "the file", what: "is no picture that this browser reads", to_do, code: "not-a-picture" });
  }
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context?.drawImage(bitmap, 0, 0);
  bitmap.close();
  const data = context?.getImageData(0, 0, width, height).data;
  return { width, height, data: data ?? new Uint8ClampedArray(4 * width * height) };
}

/** @param {Palette} palette @param {Rgba} picture @returns {ReadMask} */
export function maskOfColors(palette, { width, height, data }) {
  const classes = new Uint8Array(width * height);
  const nearest = nearestOf(palette);
  let [moved, far] = [0, 0];
  for (let place = 0; place < classes.length; place++) {
    const [red, green, blue, alpha] = data.subarray(4 * place, 4 * place + 4);
    if (alpha < OPAQUE) continue; // what is transparent is background
    const { index, distance } = nearest((red << 16) | (green << 8) | blue);
    classes[place] = index;
    if (distance > 0) moved++;
    if (distance > NEAR) far++;
  }
  if (moved) refuseOthers(palette, data, far / classes.length);
  const notes = moved ? [`${moved} pixels had colours of no class and became the nearest one.`] : [];
  return { mask: { width, height, classes }, notes };
}

/** The class of a colour and how far it is away in any channel; each colour is looked for once. @param {Palette} palette */
function nearestOf(palette) {
  /** @type {Map<number, { index: number, distance: number }>} */
  const known = new Map();
  const colors = palette.classes.map(({ color }, index) => ({ color, index }));
  if (palette.ignore_color) colors.push({ color: palette.ignore_color, index: IGNORE });
  return (/** @type {number} */ rgb) => {
    const before = known.get(rgb);
    if (before) return before;
    const parts = [rgb >> 16, (rgb >> 8) & 255, rgb & 255];
    let found = { index: 0, distance: Infinity };
    for (const { color, index } of colors) {
      const distance = Math.max(...parts.map((part, channel) => Math.abs(part - color[channel])));
      if (distance < found.distance) found = { index, distance };
    }
    known.set(rgb, found);
    return found;
  };
}

/** @param {Palette} palette @param {Uint8Array | Uint8ClampedArray} data @param {number} far  the part of pixels with a colour that no class has */
function refuseOthers(palette, data, far) {
  const names = palette.classes.map((each) => each.name).join(", ");
  if (holdsNumbers(data, palette.classes.length)) {
    const what = "holds class numbers, and not the colours of the classes";
    throw new EngineError({ where: "the picture", what, to_do: "Give a mask in colours.", code: "class-numbers" });
  }
  if (far <= MOST_FAR) return;
  const what = `is no mask of this model: ${Math.round(100 * far)}% of its pixels have colours of no class (${names})`;
  throw new EngineError({ where: "the picture", what, to_do: "Give a mask of the model's palette.", code: "photo-not-mask" });
}

/** @param {Uint8Array | Uint8ClampedArray} data @param {number} classes */
function holdsNumbers(data, classes) {
  for (let place = 0; place < data.length; place += 4) {
    const value = data[place];
    if (value >= classes || data[place + 1] !== value || data[place + 2] !== value) return false;
  }
  return true;
}
