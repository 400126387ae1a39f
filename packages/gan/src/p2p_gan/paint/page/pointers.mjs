// @ts-check
// Mouse, pen and fingers over the drawing: one draws, two fingers move and zoom it, the wheel zooms.
// Nothing here may know a tool's shape or a class.

/** @typedef {import("./hand.mjs").Hand} Hand */
/** @typedef {import("./surface.mjs").Surface} Surface */

const ERASER = 32; // the button of a pen's other end
const MIDDLE = 4;
const RIGHT = 2;
const PALM = 800; // milliseconds after a pen in which a touch is the palm beside it
const PER_NOTCH = 1.0018; // zoom for a pixel of the wheel; a notch has 100

/**
 * @param {Surface} surface
 * @param {Hand} hand
 * @param {(at: { x: number, y: number } | null) => void} hover  told of the pixel under the pointer
 */
export function listenToPointers(surface, hand, hover) {
  /** Fingers on the drawing, as places of the screen. @type {Map<number, { clientX: number, clientY: number }>} */
  const fingers = new Map();
  /** @type {"draw" | "pan" | "pinch" | null} */
  let doing = null;
  /** @type {number | null} */
  let leader = null; // the pointer that draws
  let lastPen = -Infinity;

  /** @param {PointerEvent} event */
  const touchOf = (event) => {
    const pressure = event.pointerType === "pen" && event.pressure > 0 ? event.pressure : 1;
    return { ...surface.pixelAt(event), pressure, exact: event.shiftKey };
  };

  /** @param {PointerEvent} event */
  const begin = (event) => {
    if (event.target instanceof Element && event.target.closest("button, .drop")) return;
    if (event.pointerType === "pen") lastPen = event.timeStamp;
    else if (event.pointerType === "touch" && event.timeStamp - lastPen < PALM) return;
    surface.window.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") fingers.set(event.pointerId, event);
    if (fingers.size > 1) {
      // What the first finger had begun was the beginning of a pinch.
      if (doing === "draw") hand.withdraw();
      [doing, leader] = ["pinch", null];
      return;
    }
    if (doing) return;
    if (event.buttons & RIGHT || event.altKey) return hand.pick(surface.pixelAt(event));
    leader = event.pointerId;
    if (event.buttons & MIDDLE || hand.tool === "pan") doing = "pan";
    else {
      doing = "draw";
      hand.down(touchOf(event), event.buttons & ERASER ? "eraser" : undefined);
    }
    last = event;
  };

  /** @type {PointerEvent | null} */
  let last = null;

  /** @param {PointerEvent} event */
  const move = (event) => {
    if (doing === "pinch") return pinch(event);
    if (doing && event.pointerId !== leader) return;
    if (event.pointerType === "pen") lastPen = event.timeStamp;
    const touch = touchOf(event);
    const radius = event.pointerType === "touch" ? null : hand.radius(touch.pressure);
    surface.mark({ ring: radius === null ? null : { at: touch, radius }, cross: null });
    hover(touch);
    if (doing === "pan") surface.pan(event.clientX - (last?.clientX ?? 0), event.clientY - (last?.clientY ?? 0));
    // A screen is drawn less often than a pen is read: all its places count.
    if (doing === "draw") hand.move(placesOf(event).map(touchOf));
    last = event;
  };

  /** @param {PointerEvent} event */
  const pinch = (event) => {
    const before = [...fingers.values()];
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event);
    if (before.length < 2) return;
    const [was, is] = [spanOf(before), spanOf([...fingers.values()])];
    surface.pan(is.clientX - was.clientX, is.clientY - was.clientY);
    surface.zoom(is.apart / Math.max(1, was.apart), is);
  };

  /** @param {PointerEvent} event */
  const end = (event) => {
    fingers.delete(event.pointerId);
    if (doing === "pinch") doing = fingers.size ? "pinch" : null;
    if (event.pointerId !== leader) return;
    if (doing === "draw" && event.type === "pointercancel") hand.withdraw();
    else if (doing === "draw") hand.up();
    [doing, leader] = [null, null];
  };

  surface.window.addEventListener("pointerdown", begin);
  surface.window.addEventListener("pointermove", move);
  surface.window.addEventListener("pointerup", end);
  surface.window.addEventListener("pointercancel", end);
  surface.window.addEventListener("pointerleave", () => {
    if (doing) return;
    surface.mark({ ring: null });
    hover(null);
  });
  surface.window.addEventListener("contextmenu", (event) => event.preventDefault());
  surface.window.addEventListener("wheel", (event) => turnWheel(surface, event), { passive: false });
}

/** @param {PointerEvent} event */
function placesOf(event) {
  const places = event.getCoalescedEvents?.() ?? [];
  return places.length ? places : [event];
}

/** The middle of two fingers and how far they are apart. @param {{ clientX: number, clientY: number }[]} fingers */
function spanOf([one, other]) {
  const apart = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  return { clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2, apart };
}

/** @param {Surface} surface @param {WheelEvent} event */
function turnWheel(surface, event) {
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
  // Outwards from the whole, the wheel is the page's own.
  if (surface.view.zoom <= 1 && event.deltaY >= 0 && !event.ctrlKey) return;
  event.preventDefault();
  const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (sideways) surface.pan(-(event.deltaX || event.deltaY) * unit, 0);
  // A pinch on a touchpad comes as a wheel with Ctrl, in smaller numbers.
  else surface.zoom(PER_NOTCH ** (-event.deltaY * unit * (event.ctrlKey ? 5 : 1)), event);
}
