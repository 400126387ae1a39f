// @ts-check
// The tools: what a hand does between putting something down and lifting it becomes shapes in a drawing.
// Nothing here may know whether the hand holds a mouse, a pen or a key, or paint a pixel itself.

/** @typedef {import("./drawing.mjs").Drawing} Drawing */
/** @typedef {import("./raster.mjs").Point} Point */
/** @typedef {Point & { pressure: number, exact: boolean }} Touch  pressure 0 to 1; exact: squares, circles, steps of 45° */
/** @typedef {"brush" | "line" | "rectangle" | "ellipse" | "polygon" | "fill" | "eraser" | "pan"} ToolName */
/** @typedef {{ value: number, size: number, near: number }} Ink  class, width in pixels, and what is near a corner */

/**
 * A gesture from the first touch to the last; `up` says whether it is complete. `trail` is what is shown over the mask.
 * @typedef {object} Gesture
 * @property {(touch: Touch) => void} down
 * @property {(touch: Touch) => void} move
 * @property {() => boolean} up
 * @property {() => readonly Point[]} trail
 */

import { fillArea, paintEllipse, paintPolygon, paintRectangle, paintStroke } from "./raster.mjs";

const BACKGROUND = 0;
const LIGHTEST = 0.25; // of the brush's width, where a pen hardly touches

/** @type {readonly { id: ToolName, name: string, key: string }[]} */
export const TOOLS = [
  { id: "brush", name: "Brush", key: "b" },
  { id: "eraser", name: "Eraser", key: "e" },
  { id: "fill", name: "Fill", key: "f" },
  { id: "line", name: "Line", key: "l" },
  { id: "rectangle", name: "Rectangle", key: "r" },
  { id: "ellipse", name: "Ellipse", key: "o" },
  { id: "polygon", name: "Polygon", key: "p" },
  { id: "pan", name: "Move", key: "h" },
];

/** Begin a gesture of a tool; "pan" draws nothing and has none. @param {ToolName} tool @param {Drawing} drawing @param {Ink} ink @returns {Gesture} */
export function openGesture(tool, drawing, ink) {
  switch (tool) {
    case "fill":
      return new Fill(drawing, ink);
    case "polygon":
      return new Polygon(drawing, ink);
    case "line":
    case "rectangle":
    case "ellipse":
      return new Shape(drawing, ink, tool);
    case "eraser":
      return new Stroke(drawing, { ...ink, value: BACKGROUND });
    default:
      return new Stroke(drawing, ink);
  }
}

/** The radius of a brush under a pressure. @param {number} size @param {number} pressure */
export function radiusOf(size, pressure) {
  return (size / 2) * (LIGHTEST + (1 - LIGHTEST) * pressure);
}

/** The end of a line in the nearest of eight directions. @param {Point} from @param {Point} to @returns {Point} */
export function inSteps(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const angle = Math.round(Math.atan2(dy, dx) / (Math.PI / 4)) * (Math.PI / 4);
  const length = dx * Math.cos(angle) + dy * Math.sin(angle);
  return { x: from.x + length * Math.cos(angle), y: from.y + length * Math.sin(angle) };
}

/** The corner that makes a square with the other. @param {Point} from @param {Point} to @returns {Point} */
export function inSquare(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const side = Math.max(Math.abs(dx), Math.abs(dy));
  return { x: from.x + side * (dx < 0 ? -1 : 1), y: from.y + side * (dy < 0 ? -1 : 1) };
}

/** What is complete as soon as the hand is lifted, and shows nothing over the mask. */
class Pull {
  /** @param {Drawing} drawing @param {Ink} ink */
  constructor(drawing, ink) {
    this.drawing = drawing;
    this.ink = ink;
  }

  up() {
    this.drawing.keep();
    return true;
  }

  /** @returns {readonly Point[]} */
  trail() {
    return [];
  }
}

/** @implements {Gesture} */
class Stroke extends Pull {
  /** @type {(Point & { radius: number }) | null} */
  last = null;

  /** @param {Touch} touch */
  down(touch) {
    this.move(touch);
  }

  /** @param {Touch} touch */
  move({ x, y, pressure }) {
    const next = { x, y, radius: radiusOf(this.ink.size, pressure) };
    const from = this.last ?? next;
    this.drawing.extend((mask) => paintStroke(mask, from, next, this.ink.value));
    this.last = next;
  }
}

/** @implements {Gesture} */
class Shape extends Pull {
  /** @param {Drawing} drawing @param {Ink} ink @param {"line" | "rectangle" | "ellipse"} kind */
  constructor(drawing, ink, kind) {
    super(drawing, ink);
    this.kind = kind;
    /** @type {Point | null} */
    this.from = null;
  }

  /** @param {Touch} touch */
  down(touch) {
    this.from = touch;
    this.move(touch);
  }

  /** @param {Touch} touch */
  move(touch) {
    const from = this.from ?? touch;
    const { value } = this.ink;
    if (this.kind === "line") {
      const [radius, to] = [this.ink.size / 2, touch.exact ? inSteps(from, touch) : touch];
      this.drawing.preview((mask) => paintStroke(mask, { ...from, radius }, { ...to, radius }, value));
      return;
    }
    const to = touch.exact ? inSquare(from, touch) : touch;
    const paint = this.kind === "rectangle" ? paintRectangle : paintEllipse;
    this.drawing.preview((mask) => paint(mask, from, to, value));
  }
}

/** @implements {Gesture} */
class Fill extends Pull {
  /** @param {Touch} touch */
  down(touch) {
    this.drawing.extend((mask) => fillArea(mask, touch, this.ink.value));
  }

  move() {}
}

/**
 * Each touch is a corner; one near the first, or a second at the last, closes the polygon.
 * @implements {Gesture}
 */
export class Polygon {
  /** @param {Drawing} drawing @param {Ink} ink */
  constructor(drawing, ink) {
    this.drawing = drawing;
    this.ink = ink;
    /** @type {Touch[]} */
    this.corners = [];
    this.closing = false;
  }

  /** @param {Touch} touch */
  down(touch) {
    const [first, last] = [this.corners[0], this.corners[this.corners.length - 1]];
    this.closing = this.corners.length > 2 && (this.isNear(first, touch) || this.isNear(last, touch));
    if (this.closing) return;
    this.corners.push(touch);
    this.show();
  }

  /** @param {Touch} touch */
  move(touch) {
    if (this.closing || !this.corners.length) return;
    const before = this.corners[this.corners.length - 2];
    this.corners[this.corners.length - 1] = touch.exact && before ? { ...touch, ...inSteps(before, touch) } : touch;
    this.show();
  }

  up() {
    if (this.closing) this.drawing.keep();
    return this.closing;
  }

  /** The last corner, or the touch that would close it, is taken back; whether any is left. */
  back() {
    if (this.closing) this.closing = false;
    else this.corners.pop();
    if (this.corners.length) this.show();
    return this.corners.length > 0;
  }

  trail() {
    return this.corners;
  }

  show() {
    this.drawing.preview((mask) => paintPolygon(mask, this.corners, this.ink.value));
  }

  /** @param {Point} one @param {Point} other */
  isNear(one, other) {
    return Math.hypot(one.x - other.x, one.y - other.y) <= this.ink.near;
  }
}
