// @ts-check
// The drawing on the screen: class numbers become colours here, on their way out, and a view says which part is seen.
// Nothing here may change a class number.

/** @typedef {import("./drawing.mjs").Drawing} Drawing */
/** @typedef {import("./engine.mjs").Palette} Palette */
/** @typedef {import("./rect.mjs").Rect} Rect */
/** @typedef {import("./view.mjs").View} View */
/** @typedef {import("./view.mjs").Point} Point */

import { byId, contextOf } from "./dom.mjs";
import { pixelTable } from "./palette.mjs";
import { NOWHERE, isEmpty, unite, wholeOf } from "./rect.mjs";
import { WHOLE, clampView, panBy, scaleOf, showPixel, toPicture, toWindow, zoomAt } from "./view.mjs";

const SVG = "http://www.w3.org/2000/svg";

/** Show that part of a canvas, whatever its size on the screen. @param {HTMLElement} canvas @param {View} view @param {{ width: number, height: number }} picture */
export function applyView(canvas, view, picture) {
  const [x, y] = [(-100 * view.x * view.zoom) / picture.width, (-100 * view.y * view.zoom) / picture.height];
  canvas.style.transform = `translate(${x}%, ${y}%) scale(${view.zoom})`;
}

export class Surface {
  /** @param {(view: View) => void} seen  told of each change of the view */
  constructor(seen) {
    this.seen = seen;
    this.window = byId("window", HTMLElement);
    this.canvas = byId("mask", HTMLCanvasElement);
    this.under = byId("under", HTMLImageElement);
    this.over = byId("over", SVGSVGElement);
    this.context = contextOf(this.canvas);
    /** @type {Drawing | null} */
    this.drawing = null;
    this.table = new Uint32Array(256);
    /** @type {View} */
    this.view = WHOLE;
    /** @type {Rect} */
    this.stale = NOWHERE;
    /** @type {{ ring: { at: Point, radius: number } | null, cross: Point | null, trail: readonly Point[] }} */
    this.marks = { ring: null, cross: null, trail: [] };
    new ResizeObserver(() => this.mark(this.marks)).observe(this.window);
  }

  /** @param {Drawing} drawing @param {Palette} palette */
  show(drawing, palette) {
    this.drawing = drawing;
    this.table = pixelTable(palette);
    this.look(WHOLE);
    this.spoil(wholeOf(drawing.mask));
  }

  /** An area is to be painted anew, with the next picture of the screen. @param {Rect} area */
  spoil(area) {
    if (isEmpty(this.stale)) requestAnimationFrame(() => this.paint());
    this.stale = unite(this.stale, area);
  }

  paint() {
    let area = this.stale;
    // Also where no drawing is shown any more: `spoil` asks for a picture only while nothing is stale.
    this.stale = NOWHERE;
    if (!this.drawing) return;
    const { mask } = this.drawing;
    if (this.canvas.width !== mask.width || this.canvas.height !== mask.height) {
      [this.canvas.width, this.canvas.height] = [mask.width, mask.height];
      area = wholeOf(mask);
      this.look(WHOLE);
    }
    const { left, top, right, bottom } = area;
    const pixels = this.context.createImageData(right - left, bottom - top);
    const colors = new Uint32Array(pixels.data.buffer);
    for (let y = top; y < bottom; y++) {
      const [from, to] = [y * mask.width + left, (y - top) * (right - left)];
      for (let x = 0; x < right - left; x++) colors[to + x] = this.table[mask.classes[from + x]];
    }
    this.context.putImageData(pixels, left, top);
  }

  size() {
    return this.drawing?.mask ?? { width: 1, height: 1 };
  }

  frame() {
    return this.window.getBoundingClientRect();
  }

  /** The pixel, with fractions, under a place of the screen. @param {{ clientX: number, clientY: number }} event */
  pixelAt(event) {
    const frame = this.frame();
    return toPicture(this.view, { x: event.clientX - frame.left, y: event.clientY - frame.top }, this.size(), frame);
  }

  /** Pixels of the screen for one of the mask. */
  scale() {
    return scaleOf(this.view, this.size(), this.frame());
  }

  /** @param {View} view */
  look(view) {
    this.view = clampView(view, this.size(), this.frame());
    for (const each of [this.canvas, this.under]) applyView(each, this.view, this.size());
    this.mark(this.marks);
    this.seen(this.view);
  }

  /** @param {number} factor @param {{ clientX: number, clientY: number } | null} at  the middle where null */
  zoom(factor, at = null) {
    const frame = this.frame();
    const place = at ? { x: at.clientX - frame.left, y: at.clientY - frame.top } : { x: frame.width / 2, y: frame.height / 2 };
    this.look(zoomAt(this.view, this.view.zoom * factor, place, this.size(), frame));
  }

  /** @param {number} x @param {number} y  pixels of the screen */
  pan(x, y) {
    this.look(panBy(this.view, { x, y }, this.size(), this.frame()));
  }

  /** @param {Point} pixel */
  reveal(pixel) {
    const next = showPixel(this.view, pixel, this.size(), this.frame());
    if (next.x !== this.view.x || next.y !== this.view.y) this.look(next);
  }

  /** The marks over the drawing, which are none of it. @param {Partial<Surface["marks"]>} marks */
  mark(marks) {
    this.marks = { ...this.marks, ...marks };
    const [frame, size, scale] = [this.frame(), this.size(), this.scale()];
    const place = (/** @type {Point} */ point) => toWindow(this.view, point, size, frame);
    const shapes = [];
    const { ring, cross, trail } = this.marks;
    if (trail.length) shapes.push(...trailShapes(trail.map(place)));
    if (ring) shapes.push(...ringShapes(place(ring.at), Math.max(1.5, ring.radius * scale)));
    if (cross) shapes.push(...crossShapes(place(cross), Math.max(5, scale / 2)));
    this.over.replaceChildren(...shapes);
  }
}

/** @param {string} tag @param {Record<string, string | number>} attributes */
function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

// Each mark is drawn twice, dark and light, so that it is seen on every class.

/** @param {Point} at @param {number} radius */
function ringShapes({ x, y }, radius) {
  const circle = { cx: x, cy: y, r: radius };
  return [shape("circle", { ...circle, class: "dark" }), shape("circle", { ...circle, class: "light" })];
}

/** @param {Point} at @param {number} half */
function crossShapes({ x, y }, half) {
  const [inner, outer] = [half, half + 9];
  const d = `M${x - outer} ${y}h9M${x + inner} ${y}h9M${x} ${y - outer}v9M${x} ${y + inner}v9`;
  const box = { x: x - half, y: y - half, width: 2 * half, height: 2 * half };
  return [
    ...["dark", "light"].map((kind) => shape("rect", { ...box, class: kind })),
    ...["dark", "light"].map((kind) => shape("path", { d, class: kind })),
  ];
}

/** @param {Point[]} places */
function trailShapes(places) {
  const points = places.map(({ x, y }) => `${x},${y}`).join(" ");
  const lines = ["dark", "light"].map((kind) => shape("polyline", { points, class: kind }));
  return [...lines, ...places.map(({ x, y }, index) => shape("circle", { cx: x, cy: y, r: index ? 3 : 5, class: "corner" }))];
}
