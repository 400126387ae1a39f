// @ts-check
// One file for a drawing and its photo that opens again: a PNG of both side by side, A left and B right, which is a pair
// of pix2pix for any other program, with the mask itself in the private chunk "maSK". Nothing here may know a server.
//
// The chunk "maSK" holds the mask as a whole indexed PNG; it is not safe to copy, so that a program that edits the
// pixels drops it. A chunk "tEXt" with the keyword "p2p" says in JSON by which model, seed and variant the photo is.

/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./engine.mjs").Palette} Palette */
/** @typedef {{ model: string, digest: string, seed: number, variant: number, palette: string }} Origin */

import { colorTable } from "./palette.mjs";
import { decodeIndexedPng, encodePng, readChunks } from "./png.mjs";

const MASK_CHUNK = "maSK";
const KEYWORD = "p2p\0";

/** A mask as its exact file: an indexed PNG whose table is the palette. @param {Mask} mask @param {Palette} palette */
export async function maskFile(mask, palette) {
  const { width, height, classes } = mask;
  return encodePng({ width, height, pixels: classes, channels: 1, table: colorTable(palette) });
}

/** The mask in an indexed PNG, or null. @param {Uint8Array} bytes @returns {Promise<Mask | null>} */
export async function readMaskFile(bytes) {
  const picture = await decodeIndexedPng(bytes);
  return picture && { width: picture.width, height: picture.height, classes: picture.pixels };
}

/**
 * Both as one file.
 * @param {Mask} mask
 * @param {Palette} palette
 * @param {{ width: number, height: number, data: Uint8ClampedArray }} photo  RGBA, as a canvas gives it, of the mask's size
 * @param {Origin} origin
 */
export async function drawingFile(mask, palette, photo, origin) {
  const { width, height } = mask;
  const [table, pixels] = [colorTable(palette), new Uint8Array(2 * width * height * 3)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [from, to] = [y * width + x, (2 * y * width + x) * 3];
      pixels.set(table.subarray(mask.classes[from] * 3, mask.classes[from] * 3 + 3), to);
      pixels.set(photo.data.subarray(from * 4, from * 4 + 3), to + width * 3);
    }
  }
  const text = new TextEncoder().encode(KEYWORD + escapeText(JSON.stringify(origin)));
  const more = [{ kind: MASK_CHUNK, data: await maskFile(mask, palette) }, { kind: "tEXt", data: text }];
  return encodePng({ width: 2 * width, height, pixels, channels: 3, table: null }, more);
}

/**
 * The mask in such a file and what made its photo; null where a file is another.
 * @param {Uint8Array} bytes
 * @returns {Promise<{ mask: Mask, origin: Partial<Origin> } | null>}
 */
export async function readDrawingFile(bytes) {
  const chunks = readChunks(bytes);
  const inside = chunks.find((each) => each.kind === MASK_CHUNK);
  const mask = inside && (await readMaskFile(inside.data));
  return mask ? { mask, origin: readOrigin(chunks) } : null;
}

/** @param {readonly import("./png.mjs").Chunk[]} chunks @returns {Partial<Origin>} */
function readOrigin(chunks) {
  const texts = chunks.filter((each) => each.kind === "tEXt").map((each) => new TextDecoder().decode(each.data));
  const text = texts.find((each) => each.startsWith(KEYWORD))?.slice(KEYWORD.length);
  try {
    /** @type {Record<string, unknown>} */
    const found = JSON.parse(text ?? "{}");
    const { model, digest, seed, variant, palette } = found;
    return {
      ...(typeof model === "string" && { model }),
      ...(typeof digest === "string" && { digest }),
      ...(typeof palette === "string" && { palette }),
      ...(isCount(seed) && { seed }),
      ...(isCount(variant) && { variant }),
    };
  } catch {
    return {};
  }
}

/** @param {unknown} value @returns {value is number} */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** A text of PNG is Latin 1: what is not ASCII is written as JSON writes it. @param {string} text */
function escapeText(text) {
  return text.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
