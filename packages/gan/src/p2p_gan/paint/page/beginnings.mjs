// @ts-check
// The strip of beginnings: masks that the model has for a test, as small pictures.
// Nothing here may change the drawing.

/** @typedef {import("./engine.mjs").Engine} Engine */
/** @typedef {import("./engine.mjs").Example} Example */

import { byId, make } from "./dom.mjs";

export class Beginnings {
  /** @param {Engine} engine @param {(example: Example) => void} choose */
  constructor(engine, choose) {
    this.engine = engine;
    this.choose = choose;
    this.list = byId("begin-list", HTMLElement);
    /** @type {Example[]} */
    this.examples = [];
    this.model = "";
  }

  /** @param {string} model */
  async show(model) {
    this.model = model;
    const examples = await this.engine.examples(model);
    if (this.model !== model) return;
    this.examples = examples;
    for (const old of this.list.querySelectorAll(".example")) old.remove();
    this.list.append(...examples.map((example, place) => this.card(model, example, place)));
  }

  /** @param {string} model @param {Example} example @param {number} place */
  card(model, example, place) {
    const image = make("img", { src: this.engine.exampleAddress(model, example.id), alt: "", loading: "lazy", decoding: "async" });
    const words = `Test mask ${place + 1}: ${example.name}`;
    const button = make("button", { type: "button", className: "card example", title: words, ariaLabel: words }, image);
    button.addEventListener("click", () => this.choose(example));
    return button;
  }
}
