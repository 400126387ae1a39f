// @ts-check
// The studio: a drawing, the hand that draws it, and the photos that follow; here its parts are joined.
// Nothing here may paint a pixel, ask an address or know a browser's data base; its parts do.

/** @typedef {import("./engine.mjs").Engine} Engine */
/** @typedef {import("./engine.mjs").Model} Model */
/** @typedef {import("./engine.mjs").Catalogue} Catalogue */
/** @typedef {import("./engine.mjs").Palette} Palette */
/** @typedef {import("./gestures.mjs").ToolName} ToolName */
/** @typedef {import("./rect.mjs").Rect} Rect */
/** @typedef {{ model: string, tool: ToolName, value: number, size: number, seed: number, variant: number, dropout: boolean, letters: boolean }} Choices */

import { Absence } from "./absence.mjs";
import { Beginnings } from "./beginnings.mjs";
import { ClassList } from "./class_list.mjs";
import { bindButtons, listKeys, shortcutsOf } from "./commands.mjs";
import { byId, say } from "./dom.mjs";
import { Drawing, blankMask, copyMask, sizeOfNew } from "./drawing.mjs";
import { canPaint, isAway, isBusy, isStale, takesMasks } from "./engine.mjs";
import { chooseFile, listenToFiles } from "./files.mjs";
import { Hand } from "./hand.mjs";
import { keep, packMask, recall, unpackMask } from "./keeping.mjs";
import { listenToCursor, listenToShortcuts } from "./keyboard.mjs";
import { complain } from "./messages.mjs";
import { className, classOfKey, nameOfKind } from "./palette.mjs";
import { PhotoPanel } from "./photo_panel.mjs";
import { listenToPointers } from "./pointers.mjs";
import { mirrorMask } from "./raster.mjs";
import { wholeOf } from "./rect.mjs";
import { Reference } from "./reference.mjs";
import { saveBoth, saveMask, savePhoto } from "./saving.mjs";
import { Sources } from "./sources.mjs";
import { Surface } from "./surface.mjs";
import { ToolBar } from "./tool_bar.mjs";
import { VariantStrip } from "./variants.mjs";
import { WHOLE } from "./view.mjs";

/** @param {Engine} engine */
export function startPage(engine) {
  const studio = new Studio(engine);
  void studio.begin();
  return studio;
}

class Studio {
  /** @param {Engine} engine */
  constructor(engine) {
    this.engine = engine;
    /** @type {Catalogue} */
    this.catalogue = { models: [], segmenter: false, limits: { pixels: Infinity, bytes: Infinity } };
    /** @type {Model | null} */
    this.model = null;
    /** One for each palette: its numbers mean nothing in another. @type {Map<string, Drawing>} */
    this.drawings = new Map();
    /** @type {Blob | null} */
    this.picture = null;
    this.version = 0;
    this.asked = false;
    this.before = 0; // the class before this one
    /** @type {Choices} */
    this.choices = { model: "", tool: "brush", value: 1, size: 12, seed: 0, variant: 1, dropout: true, letters: true };

    this.surface = new Surface((view) => this.viewed(view));
    this.hand = new Hand(this.surface, (value) => this.chooseClass(value));
    this.classes = new ClassList((value) => this.chooseClass(value));
    this.tools = new ToolBar((tool) => this.hold(tool), (size) => this.widen(size - this.hand.size));
    this.variants = new VariantStrip((variant, dropout) => this.choose({ variant, dropout }));
    this.beginnings = new Beginnings(engine, (example) => void this.attempt(() => this.sources.beginWith(example)));
    this.reference = new Reference(() => void keep("photo", null));
    this.sources = new Sources(engine, this.reference, {
      model: () => this.model,
      catalogue: () => this.catalogue,
      showMask: (mask, choices) => this.showMask(mask, choices),
      showPicture: (picture) => this.showPicture(picture),
    });
    this.absence = new Absence(engine, () => this.goOn());
    this.panels = [this.addPanel("a")];
    this.listen();
  }

  /** What keys and buttons do. */
  deeds() {
    return {
      hold: (/** @type {ToolName} */ tool) => this.hold(tool),
      widen: (/** @type {number} */ by) => this.widen(by),
      undo: () => this.undo(),
      redo: () => this.redo(),
      mirror: () => this.edit((mask) => (mirrorMask(mask), wholeOf(mask)), "Mirrored"),
      clear: () => this.clear(),
      swap: () => this.chooseClass(this.before),
      find: () => this.classes.find(),
      zoom: (/** @type {number} */ factor) => this.surface.zoom(factor),
      whole: () => this.surface.look(WHOLE),
      vary: () => this.choose({ seed: this.choices.seed + 1, variant: 1, dropout: true }),
      open: () => chooseFile((file) => void this.attempt(() => this.sources.open(file))),
      save: () => this.showSaving(),
      help: () => byId("keys-dialog", HTMLDialogElement).showModal(),
    };
  }

  listen() {
    const deeds = this.deeds();
    const shortcuts = shortcutsOf(deeds);
    const letters = byId("letters", HTMLInputElement);
    bindButtons(deeds);
    listKeys(shortcuts);
    listenToPointers(this.surface, this.hand, (at) => (byId("place", HTMLElement).textContent = at ? this.describe(at) : ""));
    listenToCursor(this.surface, this.hand, (at) => this.describe(at));
    listenToShortcuts(shortcuts, (key) => this.chooseByKey(key), this.hand, () => letters.checked);
    listenToFiles((file) => void this.attempt(() => this.sources.open(file)));
    letters.addEventListener("change", () => this.choose({ letters: letters.checked }, false));
    byId("upload", HTMLButtonElement).addEventListener("click", () => deeds.open());
    byId("choose", HTMLButtonElement).addEventListener("click", () => deeds.open());
    const fromPhoto = () => chooseFile((file) => void this.attempt(() => this.sources.beginWithPhoto(file)));
    byId("from-photo", HTMLButtonElement).addEventListener("click", fromPhoto);
    const dialog = byId("save-dialog", HTMLDialogElement);
    dialog.addEventListener("close", () => void this.attempt(() => this.save(dialog.returnValue)));
  }

  /** Everything as it was left, or the first test mask for one who is new. */
  async begin() {
    Object.assign(this.choices, await recall("choices"));
    byId("letters", HTMLInputElement).checked = this.choices.letters;
    const photo = await recall("photo");
    if (photo instanceof Blob) this.reference.show(photo);
    await this.attempt(() => this.readCatalogue());
    document.documentElement.dataset.ready = "yes";
  }

  async readCatalogue() {
    this.catalogue = await this.engine.models();
    const usable = this.catalogue.models.filter(canPaint);
    const model = usable.find((each) => each.id === this.choices.model) ?? usable[0];
    if (model) return this.useModel(model);
    const reasons = this.catalogue.models.map((each) => `${each.name}: ${each.why_not}`);
    this.panels[0].offer(this.catalogue.models, "");
    this.panels[0].showCover(reasons.join("\n") || "There is no model here.", null);
  }

  /** @param {Model} model */
  async useModel(model) {
    this.hand.finish();
    const again = this.model?.id === model.id; // as when the server is back
    this.model = model;
    const { palette } = model;
    const draws = takesMasks(model);
    byId("studio", HTMLElement).dataset.input = draws ? "mask" : "picture";
    document.title = `${model.name} - p2p paint`;
    for (const panel of this.panels.slice(1)) if (!this.partners().some((each) => each.id === panel.model?.id)) this.dropPanel();
    this.offerModels();
    this.variants.offer(model.stochastic);
    const prepared = this.panels[0].use(model);
    const examples = this.beginnings.show(model.id).catch((error) => this.fail(error));
    if (draws && palette) await this.useDrawing(palette, model, examples);
    else if (!again || !this.picture) this.usePicture(model);
    if (model !== this.model) return;
    this.choose({ model: model.id });
    await prepared;
  }

  /** @param {Palette} palette @param {Model} model @param {Promise<unknown>} examples */
  async useDrawing(palette, model, examples) {
    const kind = nameOfKind(palette);
    const kept = this.drawings.has(kind) ? null : unpackMask(await recall(`drawing ${kind}`));
    if (model !== this.model) return;
    const drawing = this.drawings.get(kind) ?? new Drawing(kept ?? blankMask(...sizeOfNew(model)));
    const isNew = !kept && !this.drawings.has(kind);
    this.drawings.set(kind, drawing);
    byId("drop", HTMLElement).hidden = true;
    drawing.watch = (area, done) => this.changed(drawing, area, done);
    this.classes.show(palette);
    this.surface.show(drawing, palette);
    this.resized();
    this.hold(this.choices.tool);
    this.chooseClass(Math.min(this.choices.value, palette.classes.length - 1));
    this.allowTravel();
    if (!isNew) return;
    await examples;
    const [first] = this.beginnings.examples;
    if (!first || model !== this.model) return;
    const mask = await this.sources.maskOf(model, first).catch((error) => void this.fail(error));
    // One who is new sees at once what it is about, unless the hand was quicker; undo has nothing to take back there.
    if (!mask || model !== this.model || !drawing.isUntouched()) return;
    this.showMask(mask);
    drawing.history.done = [];
    this.allowTravel();
  }

  /** A model that takes pictures: what is sent is what is chosen. @param {Model} model */
  usePicture(model) {
    const drop = byId("drop", HTMLElement);
    drop.hidden = false;
    const words = model.input.kind === "mask" ? model.why_not : `This model takes a ${model.input.name}.`;
    byId("drop-words", HTMLElement).textContent = words ?? "";
    this.picture = null;
    this.surface.look(WHOLE);
    this.surface.drawing = null;
    this.panels[0].blank();
    this.allowTravel();
  }

  /** @param {string} channel */
  addPanel(channel) {
    const panel = new PhotoPanel(this.engine, channel, {
      fail: (error) => this.fail(error),
      rested: (subject) => panel === this.panels[0] && this.variants.fill(panel, subject),
      choose: (id) => void this.attempt(() => this.chooseModel(panel, id)),
      compare: () => void this.attempt(() => this.compare()),
    });
    byId("photos", HTMLElement).append(panel.element);
    panel.look(this.surface.view);
    return panel;
  }

  dropPanel() {
    this.panels.pop()?.remove();
  }

  /** A second model beside the first, or no longer. */
  async compare() {
    const [first] = this.partners();
    if (this.panels.length > 1) this.dropPanel();
    else if (first) {
      const panel = this.addPanel("b");
      this.panels.push(panel);
      this.offerModels();
      await Promise.all([panel.use(first), this.ask()]);
    }
    this.offerModels();
  }

  /** Models that paint the same drawing. */
  partners() {
    const { model } = this;
    if (!model || !takesMasks(model)) return [];
    const kind = nameOfKind(model.palette);
    return this.catalogue.models.filter((each) => each.id !== model.id && takesMasks(each) && nameOfKind(each.palette) === kind);
  }

  /** @param {PhotoPanel} panel @param {string} id */
  async chooseModel(panel, id) {
    const model = this.catalogue.models.find((each) => each.id === id);
    if (!model) return;
    if (panel === this.panels[0]) return this.useModel(model);
    const ready = panel.use(model);
    this.ask();
    await ready;
  }

  offerModels() {
    const [first, second] = this.panels;
    first.offer(this.catalogue.models, this.model?.id ?? "");
    first.allowComparing(this.partners().length > 0, this.panels.length > 1);
    second?.offer(this.partners(), second.model?.id ?? this.partners()[0]?.id ?? "");
    byId("studio", HTMLElement).dataset.panels = String(this.panels.length);
  }

  /** The drawing that is shown, where the model takes masks. */
  drawing() {
    return this.model && takesMasks(this.model) ? this.surface.drawing : null;
  }

  /** @param {Drawing} drawing @param {Rect} area @param {boolean} done */
  changed(drawing, area, done) {
    if (drawing !== this.surface.drawing) return;
    this.version += 1;
    this.surface.spoil(area);
    this.askSoon();
    if (!done) return;
    this.resized();
    this.allowTravel();
    this.keepDrawing();
  }

  keepDrawing() {
    const [drawing, palette] = [this.drawing(), this.model?.palette];
    if (drawing && palette) void keep(`drawing ${nameOfKind(palette)}`, packMask(drawing.mask));
  }

  /** One question for all that a hand did between two pictures of the screen. */
  askSoon() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.ask();
    });
  }

  ask() {
    const [drawing, { model, picture, version }] = [this.drawing(), this];
    if (!model || !(drawing || picture)) return;
    const { seed, variant, dropout } = this.choices;
    const mask = drawing ? copyMask(drawing.mask) : null;
    const subject = { mask, palette: mask && model.palette, picture: mask ? null : picture, seed, variant, dropout, version };
    this.variants.mark(subject);
    for (const panel of this.panels) panel.ask(subject);
  }

  /** @param {Partial<Choices>} choices @param {boolean} [asks]  whether the photo is another one by that */
  choose(choices, asks = true) {
    Object.assign(this.choices, choices);
    void keep("choices", { ...this.choices });
    if (asks) this.ask();
  }

  /** @param {number} value */
  chooseClass(value) {
    if (!this.model?.palette?.classes[value]) return;
    if (value !== this.hand.value) this.before = this.hand.value;
    this.hand.value = value;
    if (this.hand.tool === "eraser" || this.hand.tool === "pan") this.hold("brush");
    this.classes.mark(value);
    this.choose({ value }, false);
    say(className(this.model.palette, value));
  }

  /** @param {string} key */
  chooseByKey(key) {
    const value = this.drawing() && this.model?.palette ? classOfKey(key, this.model.palette) : -1;
    if (value >= 0) this.chooseClass(value);
    return value >= 0;
  }

  /** @param {ToolName} tool */
  hold(tool) {
    this.hand.hold(tool);
    this.surface.window.dataset.tool = tool;
    this.tools.show(tool, this.hand.size);
    this.choose({ tool }, false);
  }

  /** @param {number} by */
  widen(by) {
    this.choose({ size: this.tools.within(this.hand.size + by) }, false);
    this.fitBrush();
  }

  /** As wide as was chosen, or as the drawing allows. */
  fitBrush() {
    this.hand.size = this.tools.within(this.choices.size);
    this.tools.show(this.hand.tool, this.hand.size);
  }

  undo() {
    // In an open polygon, the corner before.
    if (!this.hand.back()) this.travel(() => this.drawing()?.undo(), "Undone");
  }

  redo() {
    this.travel(() => this.drawing()?.redo(), "Done again");
  }

  /** @param {() => boolean | undefined} move @param {string} words */
  travel(move, words) {
    this.hand.finish();
    say(move() ? words : "There is nothing more");
  }

  /** @param {import("./drawing.mjs").Paint} paint @param {string} words */
  edit(paint, words) {
    this.hand.finish();
    this.drawing()?.apply(paint);
    say(words);
  }

  clear() {
    this.hand.finish();
    const drawing = this.drawing();
    drawing?.replace(blankMask(...sizeOfNew(this.model, drawing.mask)));
    say("Cleared");
  }

  allowTravel() {
    const history = this.drawing()?.history;
    byId("undo", HTMLButtonElement).disabled = !history?.done.length;
    byId("redo", HTMLButtonElement).disabled = !history?.undone.length;
  }

  resized() {
    const { width, height } = this.surface.size();
    byId("studio", HTMLElement).style.setProperty("--ratio", String(width / height));
    this.tools.limit(Math.max(width, height));
    this.fitBrush();
  }

  /** @param {import("./view.mjs").View} view */
  viewed(view) {
    for (const panel of this.panels ?? []) panel.look(view);
    const [words, button] = [`${Math.round(view.zoom * 100)}%`, byId("zoom-whole", HTMLButtonElement)];
    button.textContent = words;
    button.setAttribute("aria-label", `Zoom: ${words}. Show all`);
  }

  /** A pixel in words. @param {{ x: number, y: number }} at */
  describe(at) {
    const value = this.hand.classAt(at);
    if (value === null || !this.model?.palette) return "";
    return `${className(this.model.palette, value)} at ${Math.floor(at.x)}, ${Math.floor(at.y)}`;
  }

  /** @param {import("./engine.mjs").Mask} mask @param {Partial<Choices>} [choices]  by which its photo was painted */
  showMask(mask, choices = {}) {
    this.hand.finish();
    this.choose({ ...choices, ...(choices.variant && { dropout: true }) }, false);
    this.drawing()?.replace(mask);
  }

  /** @param {Blob} file */
  async showPicture(file) {
    await this.sources.showPhoto(file);
    this.picture = file;
    this.version += 1;
    byId("drop", HTMLElement).hidden = true;
    const { naturalWidth, naturalHeight } = this.reference.image;
    byId("studio", HTMLElement).style.setProperty("--ratio", String(naturalWidth / naturalHeight));
    this.ask();
  }

  showSaving() {
    const [photo, both] = [byId("save-photo", HTMLButtonElement), byId("save-both", HTMLButtonElement)];
    photo.disabled = this.panels[0].shown === 0;
    both.disabled = photo.disabled || !this.drawing();
    const dialog = byId("save-dialog", HTMLDialogElement);
    dialog.returnValue = ""; // Escape leaves what it was
    dialog.showModal();
  }

  /** @param {string} what */
  async save(what) {
    const [drawing, palette, panel] = [this.drawing(), this.model?.palette, this.panels[0]];
    this.hand.finish();
    if (what === "mask" && drawing && palette) await saveMask(drawing.mask, palette);
    else if (what === "photo") await savePhoto(panel);
    else if (what === "both") await saveBoth(panel);
  }

  /** Do something that may fail, and say so where it does. @param {() => unknown} deed */
  async attempt(deed) {
    try {
      await deed();
    } catch (error) {
      // Nobody does it again by themselves, as a panel asks again for its photo.
      if (this.fail(error) !== "wait" && !isStale(error)) complain(error);
    }
  }

  /** What becomes of a request that failed. @param {unknown} error @returns {"drop" | "again" | "wait"} */
  fail(error) {
    if (isBusy(error)) return "again";
    if (!isAway(error)) return "drop";
    void this.absence.wait();
    return "wait";
  }

  /** Go on where it was left, with the models that there are now. */
  async goOn() {
    await this.attempt(() => this.readCatalogue());
    for (const panel of this.panels) panel.scheduler.resume();
  }
}
