// @ts-check
// The photo to draw from: it lies beside the drawing, or shines through it.
// Nothing here may send it anywhere.

import { byId } from "./dom.mjs";

export class Reference {
  /** @param {() => void} forgotten  told when the photo is taken away */
  constructor(forgotten) {
    this.section = byId("reference", HTMLElement);
    this.image = byId("reference-photo", HTMLImageElement);
    this.under = byId("under", HTMLImageElement);
    this.through = byId("through", HTMLInputElement);
    /** @type {Blob | null} */
    this.photo = null;
    this.through.addEventListener("change", () => this.shine());
    byId("forget", HTMLButtonElement).addEventListener("click", () => {
      this.show(null);
      forgotten();
    });
  }

  /** @param {Blob | null} photo */
  show(photo) {
    for (const image of [this.image, this.under]) {
      if (image.src) URL.revokeObjectURL(image.src);
      if (photo) image.src = URL.createObjectURL(photo);
      else image.removeAttribute("src");
    }
    this.photo = photo;
    this.section.hidden = !photo;
    if (!photo) this.through.checked = false;
    this.shine();
  }

  shine() {
    const shines = this.through.checked && this.photo !== null;
    this.under.hidden = !shines;
    byId("window", HTMLElement).classList.toggle("through", shines);
  }

  /** Whether the browser can show it. */
  async isWhole() {
    return this.image.decode().then(() => true, () => false);
  }
}
