// @ts-check
// Everything that a key or a button does, in one table: from it the keys work and the list of keys is written.
// Nothing here may do it; the studio does.

/** @typedef {import("./keyboard.mjs").Shortcut} Shortcut */

import { byId, make } from "./dom.mjs";
import { TOOLS } from "./gestures.mjs";

/**
 * What the studio can do.
 * @typedef {object} Deeds
 * @property {(tool: import("./gestures.mjs").ToolName) => void} hold
 * @property {(by: number) => void} widen
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {() => void} mirror
 * @property {() => void} clear
 * @property {() => void} swap
 * @property {() => void} find
 * @property {(factor: number) => void} zoom
 * @property {() => void} whole
 * @property {() => void} vary
 * @property {() => void} open
 * @property {() => void} save
 * @property {() => void} help
 */

/** @param {Deeds} deeds @returns {Shortcut[]} */
export function shortcutsOf(deeds) {
  return [
    ...TOOLS.map(({ id, name, key }) => ({ keys: key.toUpperCase(), words: name, letter: key, run: () => deeds.hold(id) })),
    { keys: "[", words: "Thinner brush", letter: "[", run: () => deeds.widen(-1) },
    { keys: "]", words: "Wider brush", letter: "]", run: () => deeds.widen(1) },
    { keys: "X", words: "The class before", letter: "x", run: () => deeds.swap() },
    { keys: "/", words: "Find a class", letter: "/", run: () => deeds.find() },
    { keys: "Ctrl+Z", words: "Undo", letter: "ctrl+z", run: () => deeds.undo() },
    { keys: "Ctrl+Shift+Z", words: "Redo", letter: "ctrl+shift+z", run: () => deeds.redo() },
    { keys: "", words: "", letter: "ctrl+y", run: () => deeds.redo() },
    { keys: "M", words: "Mirror", letter: "m", run: () => deeds.mirror() },
    { keys: "Delete", words: "Clear", letter: "delete", run: () => deeds.clear() },
    { keys: "+", words: "Larger", letter: "+", run: () => deeds.zoom(1.5) },
    { keys: "", words: "", letter: "=", run: () => deeds.zoom(1.5) },
    { keys: "-", words: "Smaller", letter: "-", run: () => deeds.zoom(1 / 1.5) },
    { keys: "W", words: "Show all", letter: "w", run: () => deeds.whole() },
    { keys: "V", words: "Other variants", letter: "v", run: () => deeds.vary() },
    { keys: "Ctrl+O", words: "Open", letter: "ctrl+o", run: () => deeds.open() },
    { keys: "Ctrl+S", words: "Save", letter: "ctrl+s", run: () => deeds.save() },
    { keys: "?", words: "All keys", letter: "?", run: () => deeds.help() },
  ];
}

/** Keys that no shortcut stands for, because the drawing listens to them itself. */
const OTHERS = [
  ["1 to 9, 0", "A class"],
  ["Arrows", "Move the cursor in the drawing, by 10 with Shift"],
  ["Space", "Draw at the cursor; held, along the way"],
  ["Enter", "Put the brush down or lift it; close a polygon"],
  ["I, right click", "Take the class of a pixel"],
  ["Backspace", "Take back a corner of a polygon"],
  ["Escape", "Give up what is begun"],
  ["Shift and drag", "Squares, circles, steps of 45°"],
  ["Wheel, two fingers", "Zoom and move"],
];

/** The list of keys. @param {readonly Shortcut[]} shortcuts */
export function listKeys(shortcuts) {
  const rows = [...OTHERS, ...shortcuts.filter((each) => each.keys).map(({ keys, words }) => [keys, words])];
  byId("key-list", HTMLElement).replaceChildren(
    ...rows.map(([keys, words]) => make("div", {}, make("dt", {}, make("kbd", {}, keys)), make("dd", {}, words))),
  );
}

/** The buttons that do the same. @param {Deeds} deeds */
export function bindButtons(deeds) {
  /** @type {Record<string, () => void>} */
  const buttons = {
    undo: deeds.undo,
    redo: deeds.redo,
    mirror: deeds.mirror,
    clear: deeds.clear,
    blank: deeds.clear,
    more: deeds.vary,
    open: deeds.open,
    save: deeds.save,
    help: deeds.help,
    "zoom-whole": deeds.whole,
    "zoom-in": () => deeds.zoom(1.5),
    "zoom-out": () => deeds.zoom(1 / 1.5),
  };
  for (const [id, run] of Object.entries(buttons)) byId(id, HTMLButtonElement).addEventListener("click", () => run());
}
