// Files of the painting page: exact masks, and a drawing and its photo in one, by node's own runner; and what it shows of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { drawingFile, maskFile, readDrawingFile, readMaskFile } from "../../packages/gan/src/p2p_gan/paint/page/drawing_file.mjs";
import * as palettes from "../../packages/gan/src/p2p_gan/paint/page/palette.mjs";
import { crc32, decodeIndexedPng, encodePng, readChunks } from "../../packages/gan/src/p2p_gan/paint/page/png.mjs";
import { Sources } from "../../packages/gan/src/p2p_gan/paint/page/sources.mjs";
import * as views from "../../packages/gan/src/p2p_gan/paint/page/view.mjs";

const PALETTE = { name: "two", classes: [{ name: "background", color: [0, 0, 0] }, { name: "Car body", color: [255, 0, 9] }] };

function noise(width, height) {
  return { width, height, classes: Uint8Array.from({ length: width * height }, (_, place) => [0, 1, 255][(place * 7919) % 3]) };
}

test("a mask survives its file exactly, ignored pixels too, and its table is the palette", async () => {
  const mask = noise(37, 21);
  const bytes = await maskFile(mask, PALETTE);
  assert.deepEqual(await readMaskFile(bytes), mask);
  const table = readChunks(bytes).find((each) => each.kind === "PLTE").data;
  assert.deepEqual([table.length, ...table.subarray(3, 6), ...table.subarray(765)], [768, 255, 0, 9, 255, 0, 254]);
});

test("filters and depths that other programs write are read", async () => {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const png = (width, height, depth, rows) =>
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
      chunk("IHDR", Buffer.from([0, 0, 0, width, 0, 0, 0, height, depth, 3, 0, 0, 0])),
      chunk("PLTE", Buffer.alloc(48)),
      chunk("IDAT", deflateSync(Buffer.from(rows))),
      chunk("IEND", Buffer.alloc(0)),
    ]);
  // Rows as they are, less the left, the one above, the mean, and Paeth's guess: all are 1 2 4.
  const filtered = [[0, 1, 2, 4], [1, 1, 1, 2], [2, 0, 0, 0], [3, 1, 1, 1], [4, 0, 0, 0]].flat();
  assert.deepEqual([...(await decodeIndexedPng(png(3, 5, 8, filtered))).pixels], Array(5).fill([1, 2, 4]).flat());
  assert.deepEqual([...(await decodeIndexedPng(png(3, 1, 4, [0, 0x12, 0x40]))).pixels], [1, 2, 4]);
  assert.deepEqual([...(await decodeIndexedPng(png(5, 1, 2, [0, 0b11100100, 0b01000000]))).pixels], [3, 2, 1, 0, 1]);
  assert.equal(await decodeIndexedPng(png(3, 1, 8, [9, 1, 2, 4])), null);
  assert.equal(await decodeIndexedPng(png(3, 2, 8, [0, 1, 2, 4])), null);
  assert.equal(await decodeIndexedPng(png(3, 0, 8, [])), null);
  const bomb = png(3, 1, 8, new Uint8Array(50_000_000)); // 49 KB
  const held = process.memoryUsage().arrayBuffers;
  assert.equal(await decodeIndexedPng(bomb), null);
  assert.ok(process.memoryUsage().arrayBuffers - held < 10_000_000);
});

test("what is no indexed PNG, or half of one, is not read", async () => {
  const bytes = await maskFile(noise(40, 40), PALETTE);
  for (const wrong of [new Uint8Array(), bytes.subarray(0, 50), bytes.subarray(0, bytes.length - 30), bytes.subarray(1)]) {
    assert.equal(await decodeIndexedPng(wrong), null);
  }
  const grey = await encodePng({ width: 2, height: 1, pixels: Uint8Array.from([1, 2]), channels: 1, table: null });
  assert.equal(await decodeIndexedPng(grey), null);
});

test("a drawing and its photo are one file that opens again, and a pair for others", async () => {
  const mask = noise(12, 5);
  const photo = { width: 12, height: 5, data: new Uint8ClampedArray(240).fill(200) };
  const origin = { model: "autos – <b>", digest: "0a", seed: 4, variant: 2, palette: "two" };
  const bytes = await drawingFile(mask, PALETTE, photo, origin);
  assert.deepEqual(await readDrawingFile(bytes), { mask, origin });
  const header = readChunks(bytes)[0].data;
  assert.deepEqual([header[3], header[7], header[9]], [24, 5, 2]);
  assert.equal(await readDrawingFile(await maskFile(mask, PALETTE)), null);
});

test("words of a stranger in such a file are left out", async () => {
  const text = new TextEncoder().encode('p2p\0{"model":["x"],"seed":-1,"variant":2.5,"digest":{}}');
  const more = [{ kind: "maSK", data: await maskFile(noise(2, 2), PALETTE) }, { kind: "tEXt", data: text }];
  const bytes = await encodePng({ width: 1, height: 1, pixels: Uint8Array.from([0]), channels: 1, table: null }, more);
  assert.deepEqual((await readDrawingFile(bytes)).origin, {});
});

test("classes have keys, are found by a part of their name, and strange ones are seen", () => {
  assert.deepEqual([0, 8, 9, 10].map(palettes.keyOf), ["1", "9", "0", ""]);
  assert.deepEqual(["1", "2", "3", "a", "", "12"].map((key) => palettes.classOfKey(key, PALETTE)), [0, 1, -1, -1, -1, -1]);
  assert.deepEqual(palettes.findClasses(PALETTE, " CAR"), [1]);
  assert.deepEqual(palettes.strangeClasses(PALETTE, { width: 4, height: 1, classes: Uint8Array.from([0, 7, 255, 1]) }), [7]);
  assert.equal(palettes.className(PALETTE, 255), "ignored");
});

test("zooming keeps the pixel under the pointer, and a view shows nothing but the picture", () => {
  const [picture, window] = [{ width: 256, height: 128 }, { width: 512, height: 256 }];
  const place = { x: 300, y: 100 };
  const before = views.toPicture(views.WHOLE, place, picture, window);
  const view = views.zoomAt(views.WHOLE, 4, place, picture, window);
  assert.deepEqual(views.toPicture(view, place, picture, window), before);
  assert.deepEqual(views.toWindow(view, before, picture, window), place);
  assert.deepEqual(views.panBy(view, { x: 9999, y: 9999 }, picture, window), { zoom: 4, x: 0, y: 0 });
  assert.deepEqual(views.panBy(view, { x: -9999, y: -9999 }, picture, window), { zoom: 4, x: 192, y: 96 });
  assert.equal(views.zoomAt(view, 0.1, place, picture, window).zoom, 1);
  assert.equal(views.zoomAt(view, 1e9, place, picture, window).zoom, 24);
  const shown = views.showPixel(view, { x: 255, y: 127 }, picture, window);
  assert.deepEqual(shown, { zoom: 4, x: 192, y: 96 });
});

test("of two beginnings the one that was chosen last is shown, with its own photo, however late the first comes", async () => {
  const model = { id: "m", palette: PALETTE, why_not: null };
  const seen = { masks: [], photos: [] };
  const open = {};
  const engine = {
    exampleMask: async (_, name) => new Blob([await maskFile({ width: name.length, height: 1, classes: new Uint8Array(name.length) }, PALETTE)]),
    examplePhoto: (_, name) => new Promise((resolve) => (open[name] = () => resolve(name))),
  };
  // As in a browser: the decoding of a photo is broken off where another takes its place.
  const reference = {
    photo: null,
    show(photo) {
      this.broken?.(false);
      seen.photos.push((this.photo = photo));
    },
    isWhole() {
      return new Promise((resolve) => ((this.broken = resolve), setTimeout(() => resolve(true), 20)));
    },
  };
  const easel = { model: () => model, showMask: (mask) => seen.masks.push(mask.width) };
  const sources = new Sources(engine, reference, easel);
  const until = async (met) => {
    for (let turn = 0; turn < 200 && !met(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(met());
  };
  const first = sources.beginWith({ id: "a", has_photo: true });
  await until(() => open.a);
  const second = sources.beginWith({ id: "bb", has_photo: true });
  await until(() => open.bb);
  open.bb();
  await second;
  open.a();
  await first;
  assert.deepEqual([seen.masks, seen.photos], [[1, 2], ["bb"]]);
  await Promise.all([sources.showPhoto(new Blob(["1"])), sources.showPhoto(new Blob(["22"]))]);
  assert.equal(reference.photo.size, 2);
  const both = [sources.beginWith({ id: "ccc", has_photo: false }), sources.beginWith({ id: "dddd", has_photo: false })];
  await Promise.all(both);
  assert.deepEqual(seen.masks, [1, 2, 4]);
});
