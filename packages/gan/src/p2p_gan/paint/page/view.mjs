// @ts-check
// Zoom and pan as numbers: which part of a picture a window shows, and which pixel lies under a place of the window.
// Nothing here may know the document.

/** @typedef {{ zoom: number, x: number, y: number }} View  zoom 1 shows all; x and y: the pixel at the window's corner */
/** @typedef {{ width: number, height: number }} Size */
/** @typedef {{ x: number, y: number }} Point */

/** All of the picture. @type {Readonly<View>} */
export const WHOLE = Object.freeze({ zoom: 1, x: 0, y: 0 });
const MOST_PIXELS = 48; // a pixel of the mask is at most as large, in pixels of the window

/** The largest zoom. @param {Size} picture @param {Size} window */
export function mostZoom(picture, window) {
  return Math.max(1, (MOST_PIXELS * picture.width) / Math.max(1, window.width));
}

/** Pixels of the window for a pixel of the picture. @param {View} view @param {Size} picture @param {Size} window */
export function scaleOf(view, picture, window) {
  return (view.zoom * window.width) / picture.width;
}

/** The view nearest to a wished one that shows nothing but the picture. @param {View} view @param {Size} picture @param {Size} window @returns {View} */
export function clampView(view, picture, window) {
  const zoom = Math.max(1, Math.min(mostZoom(picture, window), view.zoom));
  const [seenX, seenY] = [picture.width / zoom, picture.height / zoom];
  return {
    zoom,
    x: Math.max(0, Math.min(picture.width - seenX, view.x)),
    y: Math.max(0, Math.min(picture.height - seenY, view.y)),
  };
}

/**
 * The view with another zoom, the pixel under a place of the window staying there.
 * @param {View} view @param {number} zoom @param {Point} at @param {Size} picture @param {Size} window
 */
export function zoomAt(view, zoom, at, picture, window) {
  const kept = toPicture(view, at, picture, window);
  const limited = Math.max(1, Math.min(mostZoom(picture, window), zoom));
  const scale = scaleOf({ ...view, zoom: limited }, picture, window);
  return clampView({ zoom: limited, x: kept.x - at.x / scale, y: kept.y - at.y / scale }, picture, window);
}

/** The view moved by pixels of the window, as a hand moves paper. @param {View} view @param {Point} by @param {Size} picture @param {Size} window */
export function panBy(view, by, picture, window) {
  const scale = scaleOf(view, picture, window);
  return clampView({ zoom: view.zoom, x: view.x - by.x / scale, y: view.y - by.y / scale }, picture, window);
}

/** The nearest view that shows a pixel with a margin. @param {View} view @param {Point} pixel @param {Size} picture @param {Size} window */
export function showPixel(view, pixel, picture, window) {
  const [seenX, seenY] = [picture.width / view.zoom, picture.height / view.zoom];
  const margin = Math.min(seenX, seenY) / 8;
  const x = Math.min(Math.max(view.x, pixel.x + 1 + margin - seenX), pixel.x - margin);
  const y = Math.min(Math.max(view.y, pixel.y + 1 + margin - seenY), pixel.y - margin);
  return clampView({ zoom: view.zoom, x, y }, picture, window);
}

/** @param {View} view @param {Point} at  in the window @param {Size} picture @param {Size} window @returns {Point} */
export function toPicture(view, at, picture, window) {
  const scale = scaleOf(view, picture, window);
  return { x: view.x + at.x / scale, y: view.y + at.y / scale };
}

/** @param {View} view @param {Point} pixel @param {Size} picture @param {Size} window @returns {Point} */
export function toWindow(view, pixel, picture, window) {
  const scale = scaleOf(view, picture, window);
  return { x: (pixel.x - view.x) * scale, y: (pixel.y - view.y) * scale };
}
