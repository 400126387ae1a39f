// @ts-check
// Rectangles of whole pixels: where a mask changed. Right and bottom are the first column and row outside.
// Nothing here may read a pixel.

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Rect */

/** A rectangle without a pixel, which is neutral in a union. @type {Readonly<Rect>} */
export const NOWHERE = Object.freeze({ left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity });

/** @param {Rect} rect */
export function isEmpty(rect) {
  return rect.right <= rect.left || rect.bottom <= rect.top;
}

/** The smallest rectangle with both in it. @param {Rect} one @param {Rect} other @returns {Rect} */
export function unite(one, other) {
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}

/**
 * The whole pixels between two corners, in any order and with fractions, that lie in a picture.
 * @param {{ width: number, height: number }} size
 * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1
 * @returns {Rect}
 */
export function pixelsBetween(size, x0, y0, x1, y1) {
  return {
    left: Math.max(0, Math.floor(Math.min(x0, x1))),
    top: Math.max(0, Math.floor(Math.min(y0, y1))),
    right: Math.min(size.width, Math.floor(Math.max(x0, x1)) + 1),
    bottom: Math.min(size.height, Math.floor(Math.max(y0, y1)) + 1),
  };
}

/** @param {{ width: number, height: number }} size @returns {Rect} */
export function wholeOf(size) {
  return { left: 0, top: 0, right: size.width, bottom: size.height };
}
