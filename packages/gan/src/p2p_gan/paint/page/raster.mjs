// @ts-check
// Shapes become class numbers: a pixel is painted where its centre lies in the shape, and wholly or not at all.
// Nothing here may know a colour or the document; so nothing can be blended on its way into a mask.

/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./rect.mjs").Rect} Rect */
/** @typedef {{ x: number, y: number }} Point  in pixels; whole numbers are corners of pixels, halves their centres */

import { NOWHERE, isEmpty, pixelsBetween, unite } from "./rect.mjs";

/**
 * The disc of a brush that moves from one place to another and changes its radius on the way evenly.
 * At the beginning and the end the pixel under the point is painted however thin the brush is.
 * @param {Mask} mask
 * @param {Point & { radius: number }} from
 * @param {Point & { radius: number }} to
 * @param {number} value
 * @returns {Rect}
 */
export function paintStroke(mask, from, to, value) {
  const wide = Math.max(from.radius, to.radius);
  const [left, right] = [Math.min(from.x, to.x) - wide, Math.max(from.x, to.x) + wide];
  const [top, bottom] = [Math.min(from.y, to.y) - wide, Math.max(from.y, to.y) + wide];
  const area = pixelsBetween(mask, left, top, right, bottom);
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length2 = dx * dx + dy * dy;
  for (let y = area.top; y < area.bottom; y++) {
    for (let x = area.left; x < area.right; x++) {
      const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
      const along = length2 ? Math.max(0, Math.min(1, (px * dx + py * dy) / length2)) : 0;
      const radius = from.radius + along * (to.radius - from.radius);
      const [nx, ny] = [px - along * dx, py - along * dy];
      if (nx * nx + ny * ny <= radius * radius) mask.classes[y * mask.width + x] = value;
    }
  }
  // A disc thinner than a pixel meets few centres, and its path would have holes.
  const thin = paintPath(mask, from, to, value);
  return isEmpty(area) ? thin : unite(area, thin);
}

/**
 * Every pixel on the straight way between two points, each beside the next (Bresenham's line).
 * @param {Mask} mask @param {Point} from @param {Point} to @param {number} value
 * @returns {Rect}
 */
export function paintPath(mask, from, to, value) {
  let [x, y] = [Math.floor(from.x), Math.floor(from.y)];
  const [endX, endY] = [Math.floor(to.x), Math.floor(to.y)];
  const [width, height] = [Math.abs(endX - x), Math.abs(endY - y)];
  const [stepX, stepY] = [x < endX ? 1 : -1, y < endY ? 1 : -1];
  const area = pixelsBetween(mask, from.x, from.y, to.x, to.y);
  let error = width - height;
  for (;;) {
    if (x >= 0 && y >= 0 && x < mask.width && y < mask.height) mask.classes[y * mask.width + x] = value;
    if (x === endX && y === endY) return isEmpty(area) ? NOWHERE : area;
    const twice = 2 * error;
    if (twice > -height) [error, x] = [error - height, x + stepX];
    if (twice < width) [error, y] = [error + width, y + stepY];
  }
}

/**
 * The pixels from one corner to the other, both among them.
 * @param {Mask} mask @param {Point} from @param {Point} to @param {number} value
 * @returns {Rect}
 */
export function paintRectangle(mask, from, to, value) {
  const area = pixelsBetween(mask, from.x, from.y, to.x, to.y);
  if (isEmpty(area)) return NOWHERE;
  for (let y = area.top; y < area.bottom; y++) {
    mask.classes.fill(value, y * mask.width + area.left, y * mask.width + area.right);
  }
  return area;
}

/**
 * The ellipse that touches the sides of that rectangle.
 * @param {Mask} mask @param {Point} from @param {Point} to @param {number} value
 * @returns {Rect}
 */
export function paintEllipse(mask, from, to, value) {
  const area = pixelsBetween(mask, from.x, from.y, to.x, to.y);
  if (isEmpty(area)) return NOWHERE;
  const [left, right] = [Math.floor(Math.min(from.x, to.x)), Math.floor(Math.max(from.x, to.x)) + 1];
  const [top, bottom] = [Math.floor(Math.min(from.y, to.y)), Math.floor(Math.max(from.y, to.y)) + 1];
  const [midX, midY] = [(left + right) / 2, (top + bottom) / 2];
  const [radiusX, radiusY] = [(right - left) / 2, (bottom - top) / 2];
  for (let y = area.top; y < area.bottom; y++) {
    const away = (y + 0.5 - midY) / radiusY;
    const half = radiusX * Math.sqrt(Math.max(0, 1 - away * away));
    const first = Math.max(area.left, Math.ceil(midX - half - 0.5));
    const last = Math.min(area.right - 1, Math.floor(midX + half - 0.5));
    if (last >= first) mask.classes.fill(value, y * mask.width + first, y * mask.width + last + 1);
  }
  return area;
}

/**
 * A closed polygon and the pixels under its edges, which keep a thin one whole; where it crosses itself, by even and odd.
 * @param {Mask} mask @param {readonly Point[]} corners @param {number} value
 * @returns {Rect}
 */
export function paintPolygon(mask, corners, value) {
  const [xs, ys] = [corners.map((each) => each.x), corners.map((each) => each.y)];
  // Not the union of the edges' areas: edges outside have none, and what they enclose may lie inside.
  const area = pixelsBetween(mask, Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
  if (isEmpty(area)) return NOWHERE;
  for (const [place, corner] of corners.entries()) paintPath(mask, corner, corners[(place + 1) % corners.length], value);
  for (let y = area.top; y < area.bottom; y++) {
    const crossings = crossingsAt(corners, y + 0.5);
    for (let each = 0; each + 1 < crossings.length; each += 2) {
      const first = Math.max(0, Math.ceil(crossings[each] - 0.5));
      const last = Math.min(mask.width - 1, Math.floor(crossings[each + 1] - 0.5));
      if (last >= first) mask.classes.fill(value, y * mask.width + first, y * mask.width + last + 1);
    }
  }
  return area;
}

/** Where a row crosses the edges, from left to right. @param {readonly Point[]} corners @param {number} y */
function crossingsAt(corners, y) {
  /** @type {number[]} */
  const found = [];
  for (const [place, from] of corners.entries()) {
    const to = corners[(place + 1) % corners.length];
    if (from.y <= y === to.y <= y) continue;
    found.push(from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x));
  }
  return found.sort((one, other) => one - other);
}

/**
 * The connected pixels of one class around a point, sides and not corners touching, become another class.
 * @param {Mask} mask @param {Point} at @param {number} value
 * @returns {Rect}
 */
export function fillArea(mask, at, value) {
  const { width, height, classes } = mask;
  const [startX, startY] = [Math.floor(at.x), Math.floor(at.y)];
  if (startX < 0 || startY < 0 || startX >= width || startY >= height) return NOWHERE;
  const old = classes[startY * width + startX];
  if (old === value) return NOWHERE;
  /** @type {Rect} */
  let area = NOWHERE;
  const waiting = [startY * width + startX];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (classes[place] !== old) continue;
    const y = Math.floor(place / width);
    const row = y * width;
    let [first, last] = [place - row, place - row];
    while (first > 0 && classes[row + first - 1] === old) first--;
    while (last < width - 1 && classes[row + last + 1] === old) last++;
    classes.fill(value, row + first, row + last + 1);
    area = unite(area, { left: first, top: y, right: last + 1, bottom: y + 1 });
    for (const next of [row - width, row + width]) {
      if (next < 0 || next >= width * height) continue;
      // One place for each run of the old class in the row above or below.
      for (let x = first; x <= last; x++) {
        if (classes[next + x] === old && (x === first || classes[next + x - 1] !== old)) waiting.push(next + x);
      }
    }
  }
  return area;
}

/** Left and right change places. @param {Mask} mask */
export function mirrorMask(mask) {
  for (let y = 0; y < mask.height; y++) mask.classes.subarray(y * mask.width, (y + 1) * mask.width).reverse();
}
