// @ts-check
// What a drawing begins with: a test mask, a file that is opened, or a photo to draw from.
// Nothing here may read a file's bytes or draw; the studio is asked to show what was found.

/** @typedef {import("./engine.mjs").Engine} Engine */
/** @typedef {import("./engine.mjs").Example} Example */
/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./engine.mjs").Model} Model */

/**
 * What the studio shows, and of which model: it may be another one when a file has been read.
 * @typedef {object} Easel
 * @property {() => Model | null} model
 * @property {() => import("./engine.mjs").Catalogue} catalogue
 * @property {(mask: Mask, choices?: { seed?: number, variant?: number }) => void} showMask
 * @property {(picture: Blob) => Promise<void>} showPicture
 */

import { readMaskFile } from "./drawing_file.mjs";
import { takesMasks } from "./engine.mjs";
import { keep } from "./keeping.mjs";
import { note, sayWhile } from "./messages.mjs";
import { nameOf, readFile, refuseLarge } from "./opening.mjs";

export class Sources {
  /** @param {Engine} engine @param {import("./reference.mjs").Reference} reference @param {Easel} easel */
  constructor(engine, reference, easel) {
    this.engine = engine;
    this.reference = reference;
    this.easel = easel;
    this.wishes = 0;
  }

  /** What says whether this beginning is still the one that is wanted: no other was chosen since, and no other model. */
  wish() {
    const [wish, model] = [++this.wishes, this.easel.model()];
    return () => wish === this.wishes && model === this.easel.model();
  }

  /** @param {Example} example */
  async beginWith(example) {
    const [model, isWanted] = [this.easel.model(), this.wish()];
    if (!model) return;
    if (!takesMasks(model)) {
      const picture = await this.engine.exampleMask(model.id, example.id);
      return isWanted() ? this.easel.showPicture(picture) : undefined;
    }
    const mask = await this.maskOf(model, example);
    if (!mask || !isWanted()) return;
    this.easel.showMask(mask);
    if (!example.has_photo) return;
    const photo = await this.engine.examplePhoto(model.id, example.id);
    if (isWanted()) await this.showPhoto(photo);
  }

  /** An example's mask alone, for one who is new; null where it is none. @param {Model} model @param {Example} example */
  async maskOf(model, example) {
    const file = await this.engine.exampleMask(model.id, example.id);
    return readMaskFile(new Uint8Array(await file.arrayBuffer()));
  }

  /** @param {File} file */
  async open(file) {
    refuseLarge(file, this.easel.catalogue().limits);
    const [model, isWanted] = [this.easel.model(), this.wish()];
    if (!model) return;
    if (!takesMasks(model)) return this.easel.showPicture(file);
    const { mask, notes, seed, variant } = await sayWhile("Reading the file …", readFile(this.engine, model.id, model.palette, file));
    if (!isWanted()) return;
    this.easel.showMask(mask, { ...(seed !== undefined && { seed }), ...(variant && { variant }) });
    notes.forEach(note);
  }

  /** A photo to draw from, and its mask where something can find it. @param {File} file */
  async beginWithPhoto(file) {
    const { limits, segmenter } = this.easel.catalogue();
    refuseLarge(file, limits);
    const model = this.easel.model();
    if (!model || !takesMasks(model)) return this.open(file);
    const isWanted = this.wish();
    await this.showPhoto(file);
    if (!segmenter || !this.engine.segment) return note("Draw over the photo: it can shine through the drawing.");
    const { mask, notes } = await sayWhile("Finding the classes in the photo …", this.engine.segment(model.id, model.palette, file));
    if (!isWanted()) return;
    this.easel.showMask(mask);
    notes.forEach(note);
  }

  /** The photo beside the drawing, or what took its place meanwhile; throws where the browser cannot show it. @param {Blob | null} photo */
  async showPhoto(photo) {
    this.reference.show(photo);
    const isWhole = !photo || (await this.reference.isWhole());
    // Of an image that shows another photo now, the decoding of the former is broken off.
    if (this.reference.photo !== photo) return;
    if (!isWhole) {
      this.reference.show(null);
      throw new Error(`${nameOf(photo)} is no picture that this browser shows.`);
    }
    await keep("photo", photo);
  }
}
