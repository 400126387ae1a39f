// @ts-check
// What was drawn can be taken back and drawn again without limit: an edit is the rectangle that changed, before and after.
// Nothing here may keep a mask beside it, or know how a change was made.

/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./rect.mjs").Rect} Rect */
/** @typedef {{ width: number, height: number, area: Rect, runs: Uint32Array }} Part  of a mask of that size */
/** @typedef {{ before: Part, after: Part }} Edit */

import { NOWHERE, isEmpty, wholeOf } from "./rect.mjs";

const LONGEST = 0xffffff; // 24 bits of a number of 32 are left for the length of a run

/**
 * The class numbers of an area, row by row, as runs: length times 256 plus class.
 * @param {Mask} mask @param {Rect} area
 */
export function packArea(mask, area) {
  /** @type {number[]} */
  const runs = [];
  let [value, length] = [-1, 0];
  for (let y = area.top; y < area.bottom; y++) {
    for (let place = y * mask.width + area.left; place < y * mask.width + area.right; place++) {
      const next = mask.classes[place];
      if (next === value && length < LONGEST) {
        length++;
        continue;
      }
      if (length) runs.push(length * 256 + value);
      [value, length] = [next, 1];
    }
  }
  if (length) runs.push(length * 256 + value);
  return Uint32Array.from(runs);
}

/** The reverse of `packArea`. @param {Mask} mask @param {Rect} area @param {Uint32Array} runs */
export function unpackArea(mask, area, runs) {
  let [x, y] = [area.left, area.top];
  for (const run of runs) {
    for (let left = run >>> 8; left > 0; ) {
      const step = Math.min(left, area.right - x);
      mask.classes.fill(run & 255, y * mask.width + x, y * mask.width + x + step);
      [x, left] = [x + step, left - step];
      if (x === area.right) [x, y] = [area.left, y + 1];
    }
  }
}

/**
 * The smallest rectangle around all pixels of an area in which two masks of one size differ.
 * @param {Mask} one @param {Mask} other @param {Rect} area
 * @returns {Rect}
 */
export function changedArea(one, other, area) {
  const found = { ...NOWHERE };
  for (let y = area.top; y < area.bottom; y++) {
    for (let x = area.left; x < area.right; x++) {
      if (one.classes[y * one.width + x] === other.classes[y * one.width + x]) continue;
      found.left = Math.min(found.left, x);
      found.right = Math.max(found.right, x + 1);
      found.top = Math.min(found.top, y);
      found.bottom = y + 1;
    }
  }
  return found;
}

/** @param {Mask} mask @param {Rect} area @returns {Part} */
function partOf(mask, area) {
  return { width: mask.width, height: mask.height, area, runs: packArea(mask, area) };
}

/** Put a part back; the mask takes its size. @param {Mask} mask @param {Part} part */
function restore(mask, { width, height, area, runs }) {
  if (mask.width !== width || mask.height !== height) {
    [mask.width, mask.height, mask.classes] = [width, height, new Uint8Array(width * height)];
  }
  unpackArea(mask, area, runs);
  return area;
}

/** The edits of one mask. */
export class History {
  constructor() {
    /** @type {Edit[]} */
    this.done = [];
    /** @type {Edit[]} */
    this.undone = [];
  }

  /**
   * Note what changed from one state to another in an area, or wholly where the size did; whether anything did.
   * @param {Mask} before @param {Mask} after @param {Rect} area
   */
  note(before, after, area) {
    const same = before.width === after.width && before.height === after.height;
    const changed = same ? changedArea(before, after, area) : wholeOf(after);
    if (isEmpty(changed)) return false;
    this.done.push({ before: partOf(before, same ? changed : wholeOf(before)), after: partOf(after, changed) });
    this.undone = [];
    return true;
  }

  /** Take the last edit back; where it was, or null. @param {Mask} mask */
  undo(mask) {
    const edit = this.done.pop();
    if (!edit) return null;
    this.undone.push(edit);
    return restore(mask, edit.before);
  }

  /** Make the edit again that was taken back last; where it was, or null. @param {Mask} mask */
  redo(mask) {
    const edit = this.undone.pop();
    if (!edit) return null;
    this.done.push(edit);
    return restore(mask, edit.after);
  }
}
