// @ts-check
// The classes of the palette as brushes: each with its colour, name and key; a search where there are many.
// Nothing here may draw.

/** @typedef {import("./engine.mjs").Palette} Palette */

import { byId, make } from "./dom.mjs";
import { findClasses, keyOf } from "./palette.mjs";

const MANY = 20;

export class ClassList {
  /** @param {(value: number) => void} choose */
  constructor(choose) {
    this.choose = choose;
    this.list = byId("class-list", HTMLElement);
    this.search = byId("find", HTMLInputElement);
    /** @type {HTMLInputElement[]} */
    this.inputs = [];
    /** @type {Palette | null} */
    this.palette = null;
    this.search.addEventListener("input", () => this.filter());
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.search.value = "";
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      const [first] = findClasses(/** @type {Palette} */ (this.palette), this.search.value);
      if (event.key === "Enter" && first !== undefined) this.choose(first);
      this.filter();
    });
  }

  /** @param {Palette} palette */
  show(palette) {
    this.palette = palette;
    this.search.value = "";
    this.search.hidden = palette.classes.length <= MANY;
    this.inputs = palette.classes.map((_, place) => make("input", { type: "radio", name: "class", value: String(place) }));
    const rows = palette.classes.map(({ name, color }, place) => {
      const swatch = make("span", { className: "swatch" });
      swatch.style.backgroundColor = `rgb(${color.join(" ")})`;
      this.inputs[place].addEventListener("change", () => this.choose(place));
      const key = keyOf(place);
      const hint = key ? [make("kbd", { ariaHidden: "true" }, key)] : [];
      return make("label", { title: name }, this.inputs[place], swatch, make("span", { className: "name" }, name), ...hint);
    });
    this.list.replaceChildren(...rows);
  }

  /** @param {number} value */
  mark(value) {
    const input = this.inputs[value];
    if (!input) return;
    input.checked = true;
    input.closest("label")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  find() {
    if (!this.search.hidden) this.search.focus();
    else (this.inputs.find((each) => each.checked) ?? this.inputs[0])?.focus();
  }

  filter() {
    const found = new Set(this.palette ? findClasses(this.palette, this.search.value) : []);
    for (const [place, input] of this.inputs.entries()) {
      const row = input.closest("label");
      if (row) row.hidden = !found.has(place);
    }
  }
}
