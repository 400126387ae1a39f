// @ts-check
// The strip of variants: what the model paints of the same mask with other dropout, made while the hand rests.
// Nothing here may ask for a picture while a hand draws.

/** @typedef {import("./photo_panel.mjs").PhotoPanel} PhotoPanel */
/** @typedef {import("./photo_panel.mjs").Subject} Subject */
/** @typedef {{ input: HTMLInputElement, canvas: HTMLCanvasElement, variant: number, dropout: boolean, of: string }} Tile */

import { byId, contextOf, make } from "./dom.mjs";

const COUNT = 5;

export class VariantStrip {
  /** @param {(variant: number, dropout: boolean) => void} choose */
  constructor(choose) {
    this.field = byId("variants", HTMLFieldSetElement);
    const numbers = Array.from({ length: COUNT }, (_, place) => place + 1);
    this.tiles = [...numbers.map((each) => makeTile(each, choose)), makeTile(0, choose)];
    byId("variant-list", HTMLElement).replaceChildren(...this.tiles.map((tile) => tile.input.closest("label") ?? tile.canvas));
  }

  /** @param {boolean} stochastic */
  offer(stochastic) {
    this.field.hidden = !stochastic;
  }

  /** @param {Subject} subject */
  mark({ variant, dropout }) {
    for (const tile of this.tiles) tile.input.checked = dropout ? tile.dropout && tile.variant === variant : !tile.dropout;
  }

  /** Paint what of a drawing is not painted yet. @param {PhotoPanel} panel @param {Subject} subject */
  fill(panel, subject) {
    if (this.field.hidden) return;
    const of = `${panel.model?.digest} ${subject.version} ${subject.seed}`;
    /** @type {Tile[]} */
    const missing = [];
    for (const tile of this.tiles) {
      const isShown = tile.dropout === subject.dropout && (!tile.dropout || tile.variant === subject.variant);
      if (isShown) drawTile(tile, panel.canvas, of);
      else if (tile.of !== of) missing.push(tile);
    }
    const works = missing.map((tile) => {
      const wish = { ...subject, variant: Math.max(1, tile.variant), dropout: tile.dropout };
      const show = (/** @type {{ image: ImageBitmap }} */ { image }) => {
        drawTile(tile, image, of, subject.mask ?? image);
        image.close();
      };
      return panel.workOf(wish, show, () => blankTile(tile));
    });
    if (works.length) panel.scheduler.whileResting(works);
  }
}

/** Variant 0 is the one without dropout. @param {number} variant @param {(variant: number, dropout: boolean) => void} choose @returns {Tile} */
function makeTile(variant, choose) {
  const dropout = variant > 0;
  const words = dropout ? `Variant ${variant}` : "Without dropout: always the same";
  const input = make("input", { type: "radio", name: "variant", value: String(variant), ariaLabel: words });
  const canvas = make("canvas", { width: 1, height: 1 });
  make("label", { title: words }, input, canvas, make("span", { ariaHidden: "true" }, dropout ? String(variant) : "plain"));
  input.addEventListener("change", () => choose(Math.max(1, variant), dropout));
  return { input, canvas, variant, dropout, of: "" };
}

/** Show nothing: what it shows is of another drawing. @param {Tile} tile */
function blankTile(tile) {
  [tile.canvas.width, tile.canvas.height, tile.of] = [1, 1, ""];
  tile.canvas.classList.remove("full");
}

/** @param {Tile} tile @param {CanvasImageSource & { width: number, height: number }} image @param {string} of @param {{ width: number, height: number }} [size] */
function drawTile(tile, image, of, { width, height } = image) {
  [tile.canvas.width, tile.canvas.height] = [width, height];
  contextOf(tile.canvas).drawImage(image, 0, 0, width, height);
  tile.canvas.classList.add("full");
  tile.of = of;
}
