// @ts-check
// What a person takes away: the mask, the photo, or both as one file.
// Nothing here may change the drawing.

/** @typedef {import("./photo_panel.mjs").PhotoPanel} PhotoPanel */
/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {import("./engine.mjs").Palette} Palette */

import { contextOf, make } from "./dom.mjs";
import { drawingFile, maskFile } from "./drawing_file.mjs";
import { fileName, saveFile } from "./files.mjs";

/** @param {Uint8Array} bytes */
function pngBlob(bytes) {
  return new Blob([/** @type {BlobPart} */ (bytes)], { type: "image/png" });
}

/** @param {Mask} mask @param {Palette} palette */
export async function saveMask(mask, palette) {
  saveFile(pngBlob(await maskFile(mask, palette)), fileName(palette.name, "mask"));
}

/** The photo that the panel shows, at its full size and of the last stroke. @param {PhotoPanel} panel */
export async function savePhoto(panel) {
  const { painting, model } = await panel.file();
  try {
    saveFile(painting.file ?? (await blobOf(painting.image)), fileName(model.name, "photo"));
  } finally {
    painting.image.close();
  }
}

/** The drawing and the photo as one file. @param {PhotoPanel} panel */
export async function saveBoth(panel) {
  const made = await panel.file();
  try {
    saveFile(pngBlob(await fileOfBoth(made)), fileName(made.model.name, "drawing"));
  } finally {
    made.painting.image.close();
  }
}

/** @param {Awaited<ReturnType<PhotoPanel["file"]>>} made */
async function fileOfBoth({ painting, subject, model }) {
  const { mask, palette, seed, variant } = subject;
  if (!mask || !palette) throw new Error("there is no drawing");
  const canvas = paintedCanvas(painting.image, mask);
  const photo = contextOf(canvas).getImageData(0, 0, mask.width, mask.height);
  const origin = { model: model.name, digest: model.digest, seed, variant, palette: palette.name };
  return drawingFile(mask, palette, photo, origin);
}

/** @param {ImageBitmap} image @param {{ width: number, height: number }} [size] */
function paintedCanvas(image, { width, height } = image) {
  const canvas = make("canvas", { width, height });
  contextOf(canvas).drawImage(image, 0, 0, width, height);
  return canvas;
}

/** @param {ImageBitmap} image @returns {Promise<Blob>} */
async function blobOf(image) {
  const blob = await new Promise((resolve) => paintedCanvas(image).toBlob(resolve, "image/png"));
  if (!(blob instanceof Blob)) throw new Error("the browser could not write the photo");
  return blob;
}
