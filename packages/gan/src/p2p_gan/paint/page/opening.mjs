// @ts-check
// What a file that was opened is: a drawing of this page, a mask of the palette, or a photo to draw from.
// Nothing here may change the drawing; it says what is to be put there.

/** @typedef {import("./engine.mjs").Engine} Engine */
/** @typedef {import("./engine.mjs").Limits} Limits */
/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./engine.mjs").Palette} Palette */
/** @typedef {{ mask: Mask, notes: string[], seed?: number, variant?: number }} OpenedMask */

import { readDrawingFile } from "./drawing_file.mjs";
import { EngineError } from "./engine.mjs";
import { className, strangeClasses } from "./palette.mjs";

/** Refuse a file that is too large before it is sent. @param {Blob} file @param {Limits} limits */
export function refuseLarge(file, limits) {
  if (file.size <= limits.bytes) return;
  const [has, most] = [file.size, limits.bytes].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  const error = { what: `has ${has} MiB, more than the ${most} that are taken`, to_do: "Make it smaller first." };
  throw new EngineError({ where: nameOf(file), ...error, code: "large-upload" });
}

/**
 * A file as a mask of a palette, with what had to be changed; throws an EngineError for what is none.
 * @param {Engine} engine @param {string} model @param {Palette} palette @param {Blob} file
 * @returns {Promise<OpenedMask>}
 */
export async function readFile(engine, model, palette, file) {
  const own = await readDrawingFile(new Uint8Array(await file.arrayBuffer()));
  if (!own) return engine.readMask(model, palette, file);
  const strange = strangeClasses(palette, own.mask);
  if (strange.length) {
    const what = `has the ${className(palette, strange[0])}, which the palette ${palette.name} lacks`;
    const to_do = `It was drawn with the palette ${own.origin.palette ?? "of another model"}: choose a model of that one.`;
    throw new EngineError({ where: nameOf(file), what, to_do, code: "other-palette" });
  }
  const { palette: drawnWith, seed, variant } = own.origin;
  const differs = drawnWith !== undefined && drawnWith !== palette.name;
  const notes = differs ? [`${nameOf(file)} was drawn with the palette ${drawnWith}; here it is ${palette.name}.`] : [];
  return { mask: own.mask, notes, ...(seed !== undefined && { seed }), ...(variant && { variant }) };
}

/** @param {Blob} file */
export function nameOf(file) {
  return file instanceof File ? file.name : "the file";
}
