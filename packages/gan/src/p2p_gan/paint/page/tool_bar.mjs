// @ts-check
// The tools as buttons of which one is held, and the width of the brush.
// Nothing here may draw.

/** @typedef {import("./gestures.mjs").ToolName} ToolName */

import { byId, icon, make } from "./dom.mjs";
import { TOOLS } from "./gestures.mjs";

export class ToolBar {
  /** @param {(tool: ToolName) => void} hold @param {(size: number) => void} widen */
  constructor(hold, widen) {
    this.size = byId("size", HTMLInputElement);
    this.number = byId("size-number", HTMLOutputElement);
    this.dot = byId("size-dot", HTMLElement);
    /** @type {Map<ToolName, HTMLInputElement>} */
    this.inputs = new Map();
    for (const { id, name, key } of TOOLS) {
      const input = make("input", { type: "radio", name: "tool", value: id, ariaLabel: name });
      input.addEventListener("change", () => hold(id));
      this.inputs.set(id, input);
      const label = make("label", { title: `${name} (${key.toUpperCase()})` }, input, icon(id));
      byId("tool-list", HTMLElement).append(label);
    }
    this.size.addEventListener("input", () => widen(this.size.valueAsNumber));
  }

  /** @param {ToolName} tool @param {number} size */
  show(tool, size) {
    const input = this.inputs.get(tool);
    if (input) input.checked = true;
    this.size.value = String(size);
    this.number.textContent = String(size);
    this.dot.style.setProperty("--part", String(size / Number(this.size.max)));
  }

  /** The widest brush: a quarter of the drawing. @param {number} side */
  limit(side) {
    this.size.max = String(Math.max(8, Math.round(side / 4)));
  }

  /** The nearest width that the brush may have. @param {number} size */
  within(size) {
    return Math.max(1, Math.min(Number(this.size.max), Math.round(size)));
  }
}
