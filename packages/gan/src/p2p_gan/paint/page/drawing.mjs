// @ts-check
// A mask that is being drawn: what a gesture does can be seen before it is kept, and every edit can be taken back.
// Nothing here may know which tool draws, a colour or the document.

/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./rect.mjs").Rect} Rect */
/** @typedef {(mask: Mask) => Rect} Paint  changes class numbers and says where */
/** @typedef {(area: Rect, kept: boolean) => void} Watcher  told of each change; `kept` where it is no preview */

import { History } from "./history.mjs";
import { NOWHERE, isEmpty, unite, wholeOf } from "./rect.mjs";

/** A mask of one class, that of the background. @param {number} width @param {number} height @returns {Mask} */
export function blankMask(width, height) {
  return { width, height, classes: new Uint8Array(width * height) };
}

const SIDE = 256; // of a new drawing, where neither the model nor a drawing before has a size

/**
 * The width and height of a new drawing: those that are usual to the model, else those of the drawing before.
 * @param {{ usual_size: [number, number] | null } | null} model @param {Mask | undefined} [before]
 * @returns {[number, number]}
 */
export function sizeOfNew(model, before) {
  return model?.usual_size ?? (before ? [before.width, before.height] : [SIDE, SIDE]);
}

/** @param {Mask} mask @returns {Mask} */
export function copyMask(mask) {
  return { ...mask, classes: mask.classes.slice() };
}

export class Drawing {
  /** @param {Mask} mask */
  constructor(mask) {
    this.mask = mask;
    this.history = new History();
    /** The mask before the gesture that is being made. @type {Mask | null} */
    this.base = null;
    /** @type {Rect} */
    this.touched = NOWHERE;
    /** @type {Watcher} */
    this.watch = () => {};
  }

  /** Whether nobody has drawn here yet. */
  isUntouched() {
    return !this.base && !this.history.done.length && !this.history.undone.length;
  }

  /** Add to what the gesture has done so far. @param {Paint} paint */
  extend(paint) {
    this.base ??= copyMask(this.mask);
    const area = paint(this.mask);
    this.touched = unite(this.touched, area);
    if (!isEmpty(area)) this.watch(area, false);
  }

  /** Do this instead of what the gesture has done so far. @param {Paint} paint */
  preview(paint) {
    this.base ??= copyMask(this.mask);
    const before = this.touched;
    this.restore();
    this.touched = paint(this.mask);
    const area = unite(before, this.touched);
    if (!isEmpty(area)) this.watch(area, false);
  }

  /** The gesture is made: one edit. */
  keep() {
    const [base, area] = [this.base, this.touched];
    [this.base, this.touched] = [null, NOWHERE];
    if (base && !isEmpty(area) && this.history.note(base, this.mask, area)) this.watch(area, true);
  }

  /** The gesture is given up: nothing happened. */
  cancel() {
    const area = this.touched;
    this.restore();
    [this.base, this.touched] = [null, NOWHERE];
    if (!isEmpty(area)) this.watch(area, false);
  }

  /** One edit at once. @param {Paint} paint */
  apply(paint) {
    this.keep();
    this.extend(paint);
    this.keep();
  }

  /** Another mask, of any size, in the place of this one: an edit as well. @param {Mask} mask */
  replace(mask) {
    this.keep();
    const before = { ...this.mask };
    const { width, height, classes } = copyMask(mask);
    Object.assign(this.mask, { width, height, classes });
    this.history.note(before, this.mask, wholeOf(this.mask));
    this.watch(wholeOf(this.mask), true);
  }

  /** Whether there was an edit to take back. */
  undo() {
    return this.travel((history) => history.undo(this.mask));
  }

  /** Whether there was an edit to make again. */
  redo() {
    return this.travel((history) => history.redo(this.mask));
  }

  /** @param {(history: History) => Rect | null} move */
  travel(move) {
    this.keep();
    const [width, height] = [this.mask.width, this.mask.height];
    const area = move(this.history);
    const same = width === this.mask.width && height === this.mask.height;
    if (area) this.watch(same ? area : wholeOf(this.mask), true);
    return Boolean(area);
  }

  restore() {
    const { base, touched, mask } = this;
    if (!base) return;
    for (let y = touched.top; y < touched.bottom; y++) {
      const [from, to] = [y * mask.width + touched.left, y * mask.width + touched.right];
      mask.classes.set(base.classes.subarray(from, to), from);
    }
  }
}
