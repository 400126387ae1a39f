// @ts-check
// The hand that draws, whatever moves it: its tool, class and width, and the gesture that it is making.
// Nothing here may know pointers or keys.

/** @typedef {import("./gestures.mjs").ToolName} ToolName */
/** @typedef {import("./gestures.mjs").Gesture} Gesture */
/** @typedef {import("./gestures.mjs").Touch} Touch */
/** @typedef {import("./raster.mjs").Point} Point */
/** @typedef {import("./surface.mjs").Surface} Surface */

import { Polygon, openGesture, radiusOf } from "./gestures.mjs";

const NEAR = 10; // pixels of the screen within which a corner is meant

export class Hand {
  /** @param {Surface} surface @param {(value: number) => void} take  told which class was taken from the drawing */
  constructor(surface, take) {
    this.surface = surface;
    this.take = take;
    /** @type {ToolName} */
    this.tool = "brush";
    this.value = 1;
    this.size = 12;
    /** @type {Gesture | null} */
    this.gesture = null;
    this.isDown = false;
  }

  /** Choose a tool; a polygon that is open is kept. @param {ToolName} tool */
  hold(tool) {
    this.finish();
    this.tool = tool;
  }

  /** @param {Touch} touch @param {ToolName} [tool] */
  down(touch, tool = this.tool) {
    const { drawing } = this.surface;
    if (!drawing || tool === "pan") return;
    const near = NEAR / this.surface.scale();
    this.gesture ??= openGesture(tool, drawing, { value: this.value, size: this.size, near });
    this.isDown = true;
    this.gesture.down(touch);
    this.show();
  }

  /** @param {readonly Touch[]} touches */
  move(touches) {
    if (!this.isDown || !this.gesture) return;
    for (const touch of touches) this.gesture.move(touch);
    this.show();
  }

  up() {
    if (!this.isDown || !this.gesture) return;
    this.isDown = false;
    if (this.gesture.up()) this.gesture = null;
    this.show();
  }

  /** What is begun is made: a polygon is closed where it is. */
  finish() {
    this.up();
    if (this.gesture) this.surface.drawing?.keep();
    this.gesture = null;
    this.show();
  }

  /** What is begun is given up. */
  cancel() {
    if (this.gesture) this.surface.drawing?.cancel();
    this.gesture = null;
    this.isDown = false;
    this.show();
  }

  /** What this touch began is given up, as where it becomes a pinch: of a polygon that is its last corner alone. */
  withdraw() {
    this.isDown = false;
    if (!this.back()) this.cancel();
  }

  /** The last corner of a polygon is taken back; whether there was one. */
  back() {
    if (!(this.gesture instanceof Polygon)) return false;
    if (!this.gesture.back()) this.cancel();
    this.show();
    return true;
  }

  /** Take the class of a pixel. @param {Point} at */
  pick(at) {
    const value = this.classAt(at);
    if (value !== null) this.take(value);
  }

  /** The class of a pixel, or null outside. @param {Point} at */
  classAt({ x, y }) {
    const mask = this.surface.drawing?.mask;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (!mask || column < 0 || row < 0 || column >= mask.width || row >= mask.height) return null;
    return mask.classes[row * mask.width + column];
  }

  /** The radius that is shown around the pointer, or null for tools without a width. @param {number} pressure */
  radius(pressure) {
    return ["brush", "eraser", "line"].includes(this.tool) ? radiusOf(this.size, pressure) : null;
  }

  show() {
    this.surface.mark({ trail: this.gesture?.trail() ?? [] });
  }
}
