// @ts-check
// One model's photo: it follows the drawing through a scheduler, says how fast, and what is wrong.
// Nothing here may know what is drawn or how; other panels are others' matter.

/** @typedef {import("./engine.mjs").Engine} Engine */
/** @typedef {import("./engine.mjs").Model} Model */
/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./engine.mjs").Palette} Palette */
/** @typedef {import("./engine.mjs").Painting} Painting */
/** @typedef {import("./view.mjs").View} View */

/**
 * What is to be painted: a mask or a picture, and which of all photos of it.
 * @typedef {object} Subject
 * @property {Mask | null} mask
 * @property {Palette | null} palette
 * @property {Blob | null} picture
 * @property {number} seed
 * @property {number} variant  from 1
 * @property {boolean} dropout
 * @property {number} version  another for each state of the drawing
 */

/**
 * @typedef {object} Neighbours
 * @property {(error: unknown) => "drop" | "again" | "wait"} fail  what becomes of a picture that failed
 * @property {(subject: Subject) => void} rested  the hand rests, and the photo of its drawing is there
 * @property {(id: string) => void} choose  another model was chosen
 * @property {() => void} compare  a second panel is wished, or this one is not
 */

import { contextOf, find, make } from "./dom.mjs";
import { canPaint, isStale } from "./engine.mjs";
import { wordsOf } from "./messages.mjs";
import { Scheduler } from "./scheduler.mjs";
import { applyView } from "./surface.mjs";
import { WHOLE } from "./view.mjs";

const PATIENCE = 400; // milliseconds after which the panel shows that it waits
const LIVE = 8; // pictures a second from which nothing is said of the rate

/**
 * About half of the size that the network sees, in its unit, or null where that saves nothing.
 * @param {Pick<Model, "size" | "unit">} model
 * @param {{ width: number, height: number }} picture
 * @returns {[number, number] | null}
 */
export function coarseSize({ size, unit }, picture) {
  const whole = size ?? [picture.width, picture.height];
  const [width, height] = whole.map((side) => Math.max(unit, Math.round(side / 2 / unit) * unit));
  return width * height < 0.6 * whole[0] * whole[1] ? [width, height] : null;
}

/** How long a picture takes, and how many a second that are where it is slow. @param {number} milliseconds @param {boolean} coarse */
export function paceWords(milliseconds, coarse) {
  const rate = 1000 / Math.max(1, milliseconds);
  const time = milliseconds < 950 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
  if (rate >= LIVE && !coarse) return time;
  const words = `${time} · ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second`;
  return coarse ? `${words} · coarse while you draw` : words;
}

export class PhotoPanel {
  /** @param {Engine} engine @param {string} channel @param {Neighbours} neighbours */
  constructor(engine, channel, neighbours) {
    this.engine = engine;
    this.channel = channel;
    this.neighbours = neighbours;
    const template = find("#photo-template", HTMLTemplateElement);
    this.element = find("section", HTMLElement, /** @type {DocumentFragment} */ (template.content.cloneNode(true)));
    this.select = find("select", HTMLSelectElement, this.element);
    this.window = find(".window", HTMLElement, this.element);
    this.canvas = find("canvas", HTMLCanvasElement, this.element);
    this.context = contextOf(this.canvas);
    this.cover = find(".cover", HTMLElement, this.element);
    this.pace = find(".pace", HTMLOutputElement, this.element);
    this.about = find(".about", HTMLElement, this.element);
    /** @type {Model | null} */
    this.model = null;
    /** @type {Subject | null} */
    this.subject = null;
    /** @type {View} */
    this.view = WHOLE;
    this.strokes = 0;
    this.shown = 0; // pictures so far, by which tests and people see that it is alive
    /** @type {Scheduler<Painting>} */
    this.scheduler = new Scheduler({
      now: () => performance.now(),
      later: (action, milliseconds) => {
        const timer = setTimeout(action, milliseconds);
        return () => clearTimeout(timer);
      },
      fail: (error) => neighbours.fail(error),
      hasCoarse: () => this.model !== null && this.coarse() !== null,
      rested: () => this.subject && neighbours.rested(this.subject),
    });
    this.select.addEventListener("change", () => neighbours.choose(this.select.value));
    this.comparing = find(".compare", HTMLButtonElement, this.element);
    this.comparing.hidden = true;
    this.comparing.addEventListener("click", () => neighbours.compare());
  }

  /** The button for a second model. @param {boolean} possible @param {boolean} pressed */
  allowComparing(possible, pressed) {
    this.comparing.hidden = !possible;
    this.comparing.ariaPressed = String(pressed);
  }

  /** @param {readonly Model[]} models @param {string} chosen */
  offer(models, chosen) {
    const options = models.map((model) => {
      const { id, name, why_not } = model;
      const words = canPaint(model) ? name : `${name}: ${why_not}`;
      return make("option", { value: id, disabled: !canPaint(model), title: why_not ?? "" }, words);
    });
    this.select.replaceChildren(...options);
    this.select.value = chosen;
    this.select.disabled = models.filter(canPaint).length < 2;
  }

  /** @param {Model} model */
  async use(model) {
    const same = this.model?.id === model.id && this.model.digest === model.digest;
    this.model = model;
    this.select.value = model.id;
    const size = model.size ? `${model.size.join("x")}, ` : "";
    this.about.textContent = `${model.direction}, ${size}${model.runtime}`;
    if (same) return;
    this.scheduler.clear();
    this.scheduler.forget(model.milliseconds || null);
    this.pace.textContent = "";
    await this.prepare(model);
  }

  /** Wait for what the engine needs before its first picture. @param {Model} model */
  async prepare(model) {
    this.scheduler.paused = true;
    try {
      await this.engine.prepare(model.id, (words, part) => this.model === model && this.showCover(words, part));
      if (this.model !== model) return;
      this.cover.hidden = true;
      this.scheduler.resume();
    } catch (error) {
      if (this.model === model) this.failToPrepare(error);
    }
  }

  /** Each picture prepares what it needs, too: the next one is asked for, or this one where the engine is only busy. @param {unknown} error */
  failToPrepare(error) {
    const answer = this.neighbours.fail(error);
    if (answer === "wait") return;
    if (answer === "drop") {
      this.scheduler.clear();
      this.sayFailure(error);
    }
    this.scheduler.resume();
  }

  /** Show no photo: that of another model is none of this one's. */
  blank() {
    this.subject = null;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.pace.textContent = "";
  }

  /** The photo of this is wanted. @param {Subject} subject */
  ask(subject) {
    this.subject = subject;
    this.waitVisibly();
    this.scheduler.request(this.workOf(subject, (painting, coarse) => this.show(painting, coarse, subject)));
  }

  /**
   * @param {Subject} subject
   * @param {(painting: Painting, coarse: boolean) => void} show
   * @param {(error: unknown) => void} [fail]
   * @returns {import("./scheduler.mjs").Work<Painting>}
   */
  workOf(subject, show, fail = (error) => this.sayFailure(error)) {
    const paint = (/** @type {boolean} */ coarse, /** @type {AbortSignal} */ signal) =>
      this.paint(subject, coarse ? this.coarse() : null, signal);
    return { paint, show, fail, discard: ({ image }) => image.close() };
  }

  /** @param {Subject} subject @param {[number, number] | null} size @param {AbortSignal} signal @param {string} [channel] */
  paint(subject, size, signal, channel = this.channel) {
    const { mask, palette, picture, seed, variant, dropout } = subject;
    const model = this.model?.id ?? "";
    const { strokes } = this;
    this.strokes += 1;
    const request = { model, mask, palette, picture, seed, variant, dropout, size, channel, stroke: strokes, signal };
    return this.engine.paint(request);
  }

  coarse() {
    const { mask } = this.subject ?? {};
    return mask && this.model ? coarseSize(this.model, mask) : null;
  }

  /** @param {Painting} painting @param {boolean} coarse @param {Subject} subject */
  show({ image, milliseconds }, coarse, { mask }) {
    const { width, height } = mask ?? image;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      [this.canvas.width, this.canvas.height] = [width, height];
      this.window.style.setProperty("--ratio", String(width / height));
      this.look(this.view);
    }
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(image, 0, 0, width, height);
    image.close();
    this.shown += 1;
    this.cover.hidden = true;
    this.window.classList.remove("waits");
    this.element.dataset.shown = String(this.shown);
    const slow = this.scheduler.isSlow();
    this.pace.textContent = paceWords(this.scheduler.pace() ?? milliseconds, slow);
    this.pace.title = `The model took ${Math.round(milliseconds)} ms`;
  }

  /** @param {unknown} error */
  sayFailure(error) {
    if (!isStale(error)) this.showCover(wordsOf(error), null);
  }

  /** Words over the photo, and how much is done. @param {string} words @param {number | null} part */
  showCover(words, part) {
    this.cover.hidden = false;
    find("p", HTMLElement, this.cover).textContent = words;
    const progress = find("progress", HTMLProgressElement, this.cover);
    progress.hidden = part === null;
    progress.value = part ?? 0;
    this.window.classList.remove("waits");
  }

  waitVisibly() {
    setTimeout(() => this.window.classList.toggle("waits", this.scheduler.isBusy() && !this.scheduler.paused), PATIENCE);
  }

  /** @param {View} view */
  look(view) {
    this.view = view;
    applyView(this.canvas, view, this.canvas);
  }

  /** The photo at its full size, as a file, asked for anew: what is shown may be coarse or of an older stroke. */
  async file() {
    const { subject, model } = this; // the hand may draw on meanwhile
    if (!subject || !model) throw new Error("there is no photo yet");
    // In a channel of its own: it takes the place of no stroke that waits, and no stroke takes its place.
    const painting = await this.paint(subject, null, new AbortController().signal, `${this.channel}-file-${this.strokes}`);
    return { painting, subject, model };
  }

  remove() {
    this.scheduler.clear();
    this.element.remove();
  }
}
