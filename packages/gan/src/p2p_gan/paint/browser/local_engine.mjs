// @ts-check
// Paints in the browser itself: an engine of the page whose model and runtime lie beside it on any static host.
// Nothing here may ask another host, or compute on the thread of the page.

import { EngineError } from "../page/engine.mjs";
import { pixelTable } from "../page/palette.mjs";
import { readMask, readPixels, refuseLarge } from "./masks.mjs";
import { maskPixels } from "./pass.mjs";
import { Queue } from "./queue.mjs";
import { findWays } from "./ways.mjs";

/** @typedef {import("../page/engine.mjs").Engine} Engine */
/** @typedef {import("../page/engine.mjs").Catalogue} Catalogue */
/** @typedef {import("../page/engine.mjs").PaintRequest} PaintRequest */
/** @typedef {import("../page/engine.mjs").Painting} Painting */
/** @typedef {import("../page/engine.mjs").Palette} Palette */
/** @typedef {import("../page/engine.mjs").ShowProgress} ShowProgress */
/** @typedef {import("./fitting.mjs").Pixels} Pixels */
/** @typedef {import("./ways.mjs").Site} Site */
/** @typedef {import("./ways.mjs").Ways} Ways */

const SITE = "model.json";

/** The engine of a page. @param {URL} base  the folder of the page @returns {Engine} */
export function localEngine(base) {
  const site = untilThere(() => fetchSite(base));
  const ways = untilThere(async () => findWays((await site()).engine, base));
  const queue = new Queue(newerDrawing);
  /** @type {ShowProgress} */
  let tell = () => {};
  const painter = untilThere(async () => Painter.load(await site(), await ways(), base, (words, part) => tell(words, part)));
  const prepare = (/** @type {ShowProgress} */ show) => {
    tell = show;
    return painter();
  };
  return {
    kind: "browser",
    models: async () => withWay(await site(), await ways()),
    prepare: async (_, show) => void (await prepare(show)),
    examples: async () => [],
    exampleAddress: () => "",
    exampleMask: async () => new Blob(),
    examplePhoto: async () => null,
    paint: async (request) => {
      const ready = await painter();
      return queue.add(request.channel, request.signal, () => ready.paint(request));
    },
    readMask: async (_, palette, file) => readMask(palette, file, (await site()).limits.pixels),
    segment: null,
  };
}

/** The error for what nobody waits for any more. */
export function newerDrawing() {
  return new EngineError({ where: "", what: "a newer drawing came", to_do: "", code: "stale" });
}

/**
 * A promise that is made once, and again after a failure, such as of the network.
 * @template T
 * @param {() => Promise<T>} make
 */
export function untilThere(make) {
  /** @type {Promise<T> | null} */
  let found = null;
  return () => {
    found ??= make().catch((error) => {
      found = null;
      throw error;
    });
    return found;
  };
}

/** @param {URL} base @returns {Promise<Site>} */
async function fetchSite(base) {
  const response = await fetch(new URL(SITE, base)).catch(() => null);
  if (response?.ok) return response.json();
  const what = response ? `is missing on this host (it answers ${response.status})` : "cannot be fetched";
  const to_do = response ? "Copy the whole folder to the host." : "Look at the connection, then load the page again.";
  throw new EngineError({ where: SITE, what, to_do, code: response ? "incomplete-site" : "unreachable" });
}

/** The models as the page lists them, with what will compute them here. @param {Site} site @param {Ways} ways @returns {Catalogue} */
function withWay({ models, limits }, { words, why_not }) {
  return { models: models.map((model) => ({ ...model, runtime: words, why_not: model.why_not ?? why_not })), segmenter: false, limits };
}

/** A model that is loaded in a worker. */
class Painter {
  /** @param {Site} site @param {Worker} worker */
  constructor(site, worker) {
    this.site = site;
    this.worker = worker;
    /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: unknown) => void, show: ShowProgress }>} */
    this.asked = new Map();
    this.number = 0;
    /** @type {EngineError | null} */
    this.ended = null;
    worker.addEventListener("message", ({ data }) => this.#hear(data));
    worker.addEventListener("error", (event) => this.#end(event.message));
  }

  /** @param {Site} site @param {Ways} how @param {URL} base @param {ShowProgress} show */
  static async load(site, { ways, threads, why_not }, base, show) {
    if (why_not) throw new EngineError({ where: "this browser", what: why_not, to_do: "Use a newer one.", code: "old-browser" });
    const painter = new Painter(site, new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" }));
    const { network, weights, check } = site.engine;
    const model = new URL(`${weights.file}?sha256=${weights.sha256}`, base).href;
    try {
      await painter.#ask({ load: { network, model, bytes: weights.bytes, ways, threads, check } }, show);
    } catch (error) {
      painter.worker.terminate();
      throw error;
    }
    return painter;
  }

  /** @param {PaintRequest} request @returns {Promise<Painting>} */
  async paint(request) {
    const picture = await this.#read(request);
    const size = request.size && { width: request.size[0], height: request.size[1] };
    const options = { seed: request.seed, variant: request.variant, dropout: request.dropout, size };
    const { pixels, milliseconds } = await this.#ask({ picture, options }, () => {});
    return { image: await createImageBitmap(this.#show(pixels)), file: null, milliseconds };
  }

  /** @param {PaintRequest} request @returns {Promise<Pixels>} */
  async #read({ mask, picture }) {
    const { network } = this.site.engine;
    if (mask) return maskPixels(network, mask);
    const { width, height, data } = await readPixels(picture ?? new Blob(), "default");
    refuseLarge({ width, height }, this.site.limits.pixels);
    return { width, height, channels: network.input.channels, data: overWhite(data, network.input.channels) };
  }

  /** Pixels as a canvas has them: classes in the colours of the palette, grey in three equal channels. @param {Pixels} pixels */
  #show({ width, height, channels, data }) {
    const palette = this.site.models[0].palette;
    const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
    if (this.site.engine.network.output.kind === "classes" && palette) {
      const [table, whole] = [pixelTable(palette), new Uint32Array(rgba.buffer)];
      data.forEach((index, place) => (whole[place] = table[index]));
      return new ImageData(rgba, width, height);
    }
    for (let place = 0; place < width * height; place++) {
      for (let channel = 0; channel < 3; channel++) rgba[4 * place + channel] = data[channels * place + (channels === 3 ? channel : 0)];
    }
    return new ImageData(rgba, width, height);
  }

  /** @param {object} question @param {ShowProgress} show @returns {Promise<any>} */
  #ask(question, show) {
    const number = ++this.number;
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(this.ended);
      this.asked.set(number, { resolve, reject, show });
      this.worker.postMessage({ number, ...question });
    });
  }

  /** @param {any} answer */
  #hear({ number, words, part, error, ...answer }) {
    const asked = this.asked.get(number);
    if (words) return asked?.show(words, part);
    this.asked.delete(number);
    if (error) asked?.reject(new EngineError({ where: "the model", what: error.message, to_do: error.to_do, code: error.code }));
    else asked?.resolve(answer);
  }

  /** The worker itself failed, such as for want of memory. @param {string} why */
  #end(why) {
    const error = { where: "what computes the model", what: `ended (${why})`, to_do: "Load the page again.", code: "not-computed" };
    this.ended = new EngineError(error);
    for (const { reject } of this.asked.values()) reject(this.ended);
    this.asked.clear();
  }
}

/** What is transparent is laid over white; a grey picture has the weights of ITU-R 601. @param {Uint8Array | Uint8ClampedArray} rgba @param {number} channels */
function overWhite(rgba, channels) {
  const count = rgba.length / 4;
  const data = new Uint8Array(count * channels);
  for (let place = 0; place < count; place++) {
    const alpha = rgba[4 * place + 3] / 255;
    const [red, green, blue] = [0, 1, 2].map((channel) => Math.round(rgba[4 * place + channel] * alpha + 255 * (1 - alpha)));
    if (channels === 3) data.set([red, green, blue], 3 * place);
    else data[place] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return data;
}
