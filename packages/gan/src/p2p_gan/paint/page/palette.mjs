// @ts-check
// What a page needs of a palette: its table of colours, the keys of its classes, and whether two are one.
// Nothing here may change a class number.

/** @typedef {import("./engine.mjs").Palette} Palette */
/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./engine.mjs").Color} Color */

export const IGNORE = 255;
/** @type {Color} */
const IGNORE_COLOR = [255, 0, 254];
const KEYS = "1234567890";

/** The colours of all 256 class numbers, 3 bytes each, as a mask's file has them. @param {Palette} palette */
export function colorTable(palette) {
  const table = new Uint8Array(256 * 3);
  for (const [place, each] of palette.classes.entries()) table.set(each.color, place * 3);
  table.set(palette.ignore_color ?? IGNORE_COLOR, IGNORE * 3);
  return table;
}

/** The same as pixels of a canvas: four bytes each, opaque. @param {Palette} palette */
export function pixelTable(palette) {
  const [table, bytes] = [colorTable(palette), new Uint8ClampedArray(256 * 4).fill(255)];
  for (let place = 0; place < 256; place++) bytes.set(table.subarray(place * 3, place * 3 + 3), place * 4);
  return new Uint32Array(bytes.buffer);
}

/** The key that chooses a class: 1 to 9 and 0; none for the eleventh on. @param {number} place */
export function keyOf(place) {
  return KEYS[place] ?? "";
}

/** The class that a key chooses, or -1. @param {string} key @param {Palette} palette */
export function classOfKey(key, palette) {
  const place = key.length === 1 ? KEYS.indexOf(key) : -1;
  return place < palette.classes.length ? place : -1;
}

/** A text that two palettes share only where a mask of one is a mask of the other. @param {Palette} palette */
export function nameOfKind(palette) {
  return palette.classes.map((each) => `${each.name}=${each.color.join(",")}`).join(";");
}

/** What a class number is called. @param {Palette} palette @param {number} value */
export function className(palette, value) {
  return palette.classes[value]?.name ?? (value === IGNORE ? "ignored" : `class ${value}`);
}

/**
 * Class numbers that a palette lacks, which a mask from elsewhere may have.
 * @param {Palette} palette @param {Mask} mask
 */
export function strangeClasses(palette, mask) {
  return [...new Set(mask.classes)].filter((value) => value >= palette.classes.length && value !== IGNORE);
}

/** Classes whose names have a text in them, as places. @param {Palette} palette @param {string} text */
export function findClasses(palette, text) {
  const wanted = text.trim().toLowerCase();
  const places = palette.classes.map((_, place) => place);
  return places.filter((place) => palette.classes[place].name.toLowerCase().includes(wanted));
}
