// @ts-check
// The keyboard: a cursor that draws without a pointer, and the keys of tools, classes and everything else.
// Nothing here may do what a key is for; it calls what does.

/** @typedef {import("./hand.mjs").Hand} Hand */
/** @typedef {import("./surface.mjs").Surface} Surface */
/** @typedef {{ keys: string, words: string, letter?: string, run: () => void }} Shortcut */

import { say, takesText } from "./dom.mjs";

/** @type {Record<string, readonly [number, number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR = 10; // pixels of a step with Shift

/**
 * The cursor in the drawing: arrows move it, Space held draws along, Enter puts the brush down and lifts it.
 * @param {Surface} surface
 * @param {Hand} hand
 * @param {(at: { x: number, y: number }) => string} describe  a pixel in words
 */
export function listenToCursor(surface, hand, describe) {
  const { canvas } = surface;
  /** @type {{ x: number, y: number } | null} */
  let cursor = null;
  const touch = () => ({ ...here(), pressure: 1, exact: false });
  const here = () => {
    const { width, height } = surface.size();
    cursor ??= { x: Math.floor(width / 2) + 0.5, y: Math.floor(height / 2) + 0.5 };
    // The drawing may have become smaller.
    cursor = { x: Math.min(cursor.x, width - 0.5), y: Math.min(cursor.y, height - 0.5) };
    return cursor;
  };
  const show = () => {
    surface.reveal(here());
    const radius = hand.radius(1);
    surface.mark({ cross: here(), ring: radius === null ? null : { at: here(), radius } });
    say(describe(here()));
  };
  /** @param {readonly [number, number]} step @param {boolean} far */
  const go = ([x, y], far) => {
    const { width, height } = surface.size();
    const [length, from] = [far ? FAR : 1, here()];
    cursor = {
      x: Math.max(0.5, Math.min(width - 0.5, from.x + x * length)),
      y: Math.max(0.5, Math.min(height - 0.5, from.y + y * length)),
    };
    hand.move([touch()]);
    show();
  };
  const lift = () => {
    if (hand.isDown) hand.up();
    else if (hand.gesture) hand.finish();
    else hand.down(touch());
    show();
  };

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step) go(step, event.shiftKey);
    else if (event.key === " ") {
      if (!event.repeat) hand.down(touch());
      show();
    } else if (event.key === "Enter") lift();
    else if (event.key === "i") hand.pick(here());
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    hand.up();
    show();
  });
  canvas.addEventListener("focus", () => {
    if (canvas.matches(":focus-visible")) show();
  });
  canvas.addEventListener("blur", () => {
    // Space let go elsewhere is not heard here.
    if (hand.isDown) hand.up();
    surface.mark({ cross: null, ring: null });
  });
}

/**
 * The keys of the whole page; single letters and digits only while `letters` says so, for those who speak to the page.
 * @param {readonly Shortcut[]} shortcuts  with `letter`, the key as `KeyboardEvent.key` says it
 * @param {(key: string) => boolean} digit  whether a digit chose a class
 * @param {Hand} hand
 * @param {() => boolean} letters
 */
export function listenToShortcuts(shortcuts, digit, hand, letters) {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      const name = `ctrl+${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`;
      if (takesText(event.target) && name !== "ctrl+s") return;
      return run(shortcuts.find((each) => each.letter === name), event);
    }
    if (takesText(event.target)) return;
    if (event.key === "Escape") return hand.cancel();
    if (event.key === "Backspace" && hand.back()) return event.preventDefault();
    if (!letters() && event.key.length === 1) return;
    if (digit(event.key)) return event.preventDefault();
    run(shortcuts.find((each) => each.letter === event.key.toLowerCase()), event);
  });
}

/** @param {Shortcut | undefined} shortcut @param {KeyboardEvent} event */
function run(shortcut, event) {
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run();
}
