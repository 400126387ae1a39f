// What becomes of a photo and of a model that cannot be had: the panel and the variants, without a document, by node's runner.
import assert from "node:assert/strict";
import { test } from "node:test";

import { EngineError } from "../../packages/gan/src/p2p_gan/paint/page/engine.mjs";
import { PhotoPanel } from "../../packages/gan/src/p2p_gan/paint/page/photo_panel.mjs";
import { Scheduler } from "../../packages/gan/src/p2p_gan/paint/page/scheduler.mjs";
import { VariantStrip } from "../../packages/gan/src/p2p_gan/paint/page/variants.mjs";

const broken = new EngineError({ where: "the model", what: "is broken", to_do: "", code: "broken" });

/** A panel whose engine cannot prepare, and whose neighbours answer so to what fails. */
function panelOf(answer) {
  const later = () => () => {};
  const scheduler = new Scheduler({ now: () => 0, later, fail: () => answer, hasCoarse: () => false, rested: () => {} });
  const parts = { model: { id: "m0" }, scheduler, covers: [], painted: 0, engine: { prepare: () => Promise.reject(broken) } };
  const panel = Object.assign(Object.create(PhotoPanel.prototype), parts);
  panel.neighbours = { fail: () => answer };
  panel.showCover = (words) => panel.covers.push(words);
  const work = { paint: async () => panel.painted++, show: () => {}, fail: () => {}, discard: () => {} };
  return { panel, scheduler, work };
}

test("a model that could not be prepared says so, and the next stroke asks again", async () => {
  const { panel, scheduler, work } = panelOf("drop");
  scheduler.paused = true;
  scheduler.request(work);
  await panel.prepare(panel.model);
  assert.deepEqual([panel.covers, panel.painted, scheduler.paused], [["the model: is broken"], 0, false]);
  scheduler.request(work);
  assert.equal(panel.painted, 1);
});

test("where the engine is busy the same is asked again, and where it is away all waits", async () => {
  const busy = panelOf("again");
  busy.scheduler.paused = true;
  busy.scheduler.request(busy.work);
  await busy.panel.prepare(busy.panel.model);
  assert.deepEqual([busy.panel.painted, busy.panel.covers], [1, []]);
  const away = panelOf("wait");
  await away.panel.prepare(away.panel.model);
  away.scheduler.request(away.work);
  assert.deepEqual([away.panel.painted, away.scheduler.paused], [0, true]);
});

test("a photo that comes too late frees its pixels, and one that failed is said over the photo", () => {
  const { panel } = panelOf("drop");
  let closed = 0;
  const work = PhotoPanel.prototype.workOf.call(panel, {}, () => {});
  work.discard({ image: { close: () => closed++ } });
  work.fail(broken);
  work.fail(new EngineError({ where: "", what: "a newer drawing came", to_do: "", code: "stale" }));
  assert.deepEqual([closed, panel.covers], [1, ["the model: is broken"]]);
});

test("the tile of a variant that failed shows nothing, and is asked for again when the hand rests", () => {
  const classes = new Set(["full"]);
  const canvas = { width: 160, height: 96, classList: { remove: (name) => classes.delete(name) } };
  const tile = { canvas, variant: 2, dropout: true, of: "another drawing" };
  const strip = Object.assign(Object.create(VariantStrip.prototype), { field: { hidden: false }, tiles: [tile] });
  const { panel } = panelOf("drop");
  const asked = [];
  panel.scheduler.whileResting = (works) => asked.push(...works);
  const subject = { mask: null, seed: 0, variant: 1, dropout: true, version: 1 };
  strip.fill(panel, subject);
  asked[0].fail(broken);
  assert.deepEqual([canvas.width, canvas.height, tile.of, classes.size, panel.covers], [1, 1, "", 0, []]);
  strip.fill(panel, subject);
  assert.equal(asked.length, 2);
});
