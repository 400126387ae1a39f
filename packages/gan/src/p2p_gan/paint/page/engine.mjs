// @ts-check
// What the page asks of whatever paints: the types of an engine, and the one kind of error it may throw.
// Nothing here may touch the document or know whether a server or the browser itself does the work.

/**
 * A drawing: a class number for each pixel, row by row; never colours. 255 is "ignored".
 * @typedef {{ width: number, height: number, classes: Uint8Array }} Mask
 */

/** @typedef {[number, number, number]} Color  red, green, blue, 0 to 255 */

/**
 * The classes in painting order; the first is the background.
 * @typedef {{ name: string, classes: { name: string, color: Color }[], ignore_color?: Color | null }} Palette
 */

/**
 * A model as `GET /api/models` lists it. With `why_not` no mask can be drawn for it; it may still paint pictures.
 * @typedef {object} Model
 * @property {string} id
 * @property {string} name
 * @property {string} direction  in the words of the halves, such as "mask to photo"
 * @property {{ kind: "mask" | "photo" | "picture", name: string, channels: number }} input
 * @property {{ kind: "mask" | "photo" | "picture", name: string, channels: number }} output
 * @property {Palette | null} palette
 * @property {[number, number] | null} size  width and height it was trained at; null: any
 * @property {[number, number] | null} usual_size  of a new drawing: about as many pixels, in the proportions of training
 * @property {string} fit
 * @property {number} unit  the sides of what the network takes are multiples of it
 * @property {boolean} stochastic  whether dropout makes variants
 * @property {string} digest
 * @property {string} runtime
 * @property {number | null} milliseconds  for one picture, where it was measured
 * @property {string | null} why_not
 * @property {boolean} uploads  whether it paints a picture that is sent
 */

/** @typedef {{ pixels: number, bytes: number }} Limits  the largest picture, and the largest file, that are taken */

/** @typedef {{ models: Model[], segmenter: boolean, limits: Limits }} Catalogue */

/** @typedef {{ id: string, name: string, has_photo: boolean }} Example */

/**
 * One picture to paint: of a mask where the model has a palette, else of a picture file.
 * @typedef {object} PaintRequest
 * @property {string} model
 * @property {Mask | null} mask
 * @property {Palette | null} palette  of the model
 * @property {Blob | null} picture  instead of a mask
 * @property {number} seed
 * @property {number} variant  from 1, as `p2p sample --variants` counts
 * @property {boolean} dropout
 * @property {[number, number] | null} size  null is the model's own; half of it is a coarse, faster picture
 * @property {string} channel  a newer request of a channel makes an older one that still waits worthless
 * @property {number} stroke  counts the requests of a channel
 * @property {AbortSignal} signal
 */

/**
 * A painted picture, of the mask's size (a coarse one may be smaller), and how long the model took.
 * @typedef {{ image: ImageBitmap, file: Blob | null, milliseconds: number }} Painting
 */

/** @typedef {{ mask: Mask, notes: string[] }} ReadMask  what a file was read as, and what had to be changed for it */

/** @typedef {(words: string, part: number | null) => void} ShowProgress  part is 0 to 1, or null where it is unknown */

/**
 * Whatever paints. Every method may reject with an EngineError; `paint` with code "stale" where a newer request of
 * its channel came first, and with an AbortError where its signal was aborted.
 * @typedef {object} Engine
 * @property {"server" | "browser"} kind
 * @property {() => Promise<Catalogue>} models
 * @property {(model: string, show: ShowProgress) => Promise<void>} prepare  before the first picture, such as a download
 * @property {(model: string) => Promise<Example[]>} examples
 * @property {(model: string, example: string) => string} exampleAddress  of the example's mask, for an img
 * @property {(model: string, example: string) => Promise<Blob>} exampleMask  an indexed PNG, or the picture it begins with
 * @property {(model: string, example: string) => Promise<Blob | null>} examplePhoto
 * @property {(request: PaintRequest) => Promise<Painting>} paint
 * @property {(model: string, palette: Palette, file: Blob) => Promise<ReadMask>} readMask
 * @property {((model: string, palette: Palette, photo: Blob) => Promise<ReadMask>) | null} segment  null: photos stay photos
 */

/** What went wrong in words for the user: where, what, and what to do; `code` is its kind, by which the page knows it. */
export class EngineError extends Error {
  /** @param {{ where: string, what: string, to_do: string, code: string }} error */
  constructor({ where, what, to_do, code }) {
    super([where, what].filter(Boolean).join(": "));
    this.name = "EngineError";
    this.where = where;
    this.what = what;
    this.todo = to_do;
    this.code = code;
  }
}

/** Whether an error says only that nobody waits for the result any more. @param {unknown} error */
export function isStale(error) {
  if (error instanceof EngineError) return error.code === "stale";
  return error instanceof Error && error.name === "AbortError";
}

/** Whether the engine itself is away, and everything may be right again when it is back. @param {unknown} error */
export function isAway(error) {
  return error instanceof EngineError && ["unreachable", "stopping"].includes(error.code);
}

/** Whether there is more to do than a moment ago, and the same request may pass soon. @param {unknown} error */
export function isBusy(error) {
  return error instanceof EngineError && ["busy", "too-fast"].includes(error.code);
}

/** Whether masks are drawn for a model. @param {Model} model @returns {model is Model & { palette: Palette }} */
export function takesMasks(model) {
  return model.why_not === null && model.palette !== null;
}

/** Whether a model paints anything here: a mask that is drawn, or a picture that is sent. @param {Model} model */
export function canPaint(model) {
  return takesMasks(model) || model.uploads;
}
