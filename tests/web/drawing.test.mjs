// What a hand draws becomes class numbers, and can be taken back: the pure modules of the painting page, by node's runner.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Drawing, blankMask, sizeOfNew } from "../../packages/gan/src/p2p_gan/paint/page/drawing.mjs";
import { inSquare, inSteps, openGesture, radiusOf } from "../../packages/gan/src/p2p_gan/paint/page/gestures.mjs";
import { packArea, unpackArea } from "../../packages/gan/src/p2p_gan/paint/page/history.mjs";
import { Hand } from "../../packages/gan/src/p2p_gan/paint/page/hand.mjs";
import * as raster from "../../packages/gan/src/p2p_gan/paint/page/raster.mjs";
import { wholeOf } from "../../packages/gan/src/p2p_gan/paint/page/rect.mjs";
import { ToolBar } from "../../packages/gan/src/p2p_gan/paint/page/tool_bar.mjs";

const INK = { value: 3, size: 4, near: 1.5 };
const at = (x, y, pressure = 1, exact = false) => ({ x, y, pressure, exact });
const rows = (mask) =>
  Array.from({ length: mask.height }, (_, y) => [...mask.classes.subarray(y * mask.width, (y + 1) * mask.width)].join(""));
const count = (mask, value) => mask.classes.filter((each) => each === value).length;

/** A random number from 0 to 1, the same in each run (mulberry32). */
function randomOf(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

test("a disc is round, whole and symmetrical, and a thin brush leaves no hole", () => {
  const mask = blankMask(8, 8);
  const disc = { x: 4, y: 4, radius: 3 };
  assert.deepEqual(raster.paintStroke(mask, disc, disc, 1), { left: 1, top: 1, right: 8, bottom: 8 });
  assert.deepEqual(rows(mask), ["00000000", "00111100", "01111110", "01111110", "01111110", "01111110", "00111100", "00000000"]);
  const thin = blankMask(40, 9);
  raster.paintStroke(thin, { x: 0.2, y: 0.1, radius: 0.1 }, { x: 39.7, y: 8.2, radius: 0.1 }, 1);
  assert.equal(count(thin, 1), 40);
});

test("a stroke beyond the edge paints what lies inside, and one far away nothing", () => {
  const mask = blankMask(4, 4);
  raster.paintStroke(mask, { x: -9, y: 2, radius: 1 }, { x: 99, y: 2, radius: 1 }, 1);
  assert.deepEqual(rows(mask), ["0000", "1111", "1111", "0000"]);
  raster.paintStroke(mask, { x: 90, y: 90, radius: 2 }, { x: 95, y: 90, radius: 2 }, 2);
  assert.equal(count(mask, 2), 0);
});

test("rectangles and ellipses have both their corners, in whatever order these come", () => {
  const mask = blankMask(6, 4);
  raster.paintRectangle(mask, { x: 4.9, y: 2.1 }, { x: 1.2, y: 1.9 }, 1);
  assert.deepEqual(rows(mask), ["000000", "011110", "011110", "000000"]);
  const round = blankMask(6, 6);
  raster.paintEllipse(round, { x: 5.5, y: 5.5 }, { x: 0.5, y: 0.5 }, 1);
  assert.deepEqual(rows(round), ["011110", "111111", "111111", "111111", "111111", "011110"]);
});

test("a polygon is filled by even and odd, and a thin one is whole", () => {
  const mask = blankMask(7, 5);
  raster.paintPolygon(mask, [{ x: 0.5, y: 0.5 }, { x: 6.5, y: 0.5 }, { x: 0.5, y: 4.5 }], 1);
  assert.deepEqual(rows(mask).map((row) => row.replaceAll("0", "").length), [7, 6, 4, 3, 1]);
  const thin = blankMask(9, 3);
  raster.paintPolygon(thin, [{ x: 0.5, y: 1.2 }, { x: 8.5, y: 1.3 }, { x: 4.5, y: 1.25 }], 1);
  assert.equal(count(thin, 1), 9);
});

test("a fill stops at other classes and does not slip through corners", () => {
  const mask = blankMask(5, 5);
  for (const place of [2, 6, 10]) mask.classes[place] = 1; // a diagonal
  assert.deepEqual(raster.fillArea(mask, { x: 0.5, y: 0.5 }, 2), { left: 0, top: 0, right: 2, bottom: 2 });
  assert.equal(count(mask, 2), 3);
  assert.ok(raster.fillArea(mask, { x: 9, y: 9 }, 2).right < 0);
  raster.fillArea(mask, { x: 4.5, y: 4.5 }, 4);
  assert.equal(count(mask, 4), 25 - 6);
});

test("a fill of a maze reaches the same pixels as a flood, pixel by pixel", () => {
  const random = randomOf(7);
  for (let round = 0; round < 30; round++) {
    const mask = blankMask(17, 13);
    mask.classes.forEach((_, place) => (mask.classes[place] = random() < 0.4 ? 1 : 0));
    const wanted = mask.classes.slice();
    const [old, waiting] = [wanted[5 * 17 + 8], [5 * 17 + 8]];
    while (waiting.length) {
      const place = waiting.pop();
      if (wanted[place] !== old) continue;
      wanted[place] = 9;
      const x = place % 17;
      if (x > 0) waiting.push(place - 1);
      if (x < 16) waiting.push(place + 1);
      waiting.push(place - 17, place + 17);
    }
    raster.fillArea(mask, { x: 8.5, y: 5.5 }, 9);
    assert.deepEqual(mask.classes, wanted);
  }
});

test("no tool writes a number that is neither the old class nor its own", () => {
  const random = randomOf(1);
  const drawing = new Drawing(blankMask(32, 24));
  for (let round = 0; round < 200; round++) {
    const tool = ["brush", "line", "rectangle", "ellipse", "polygon", "fill", "eraser"][round % 7];
    const gesture = openGesture(tool, drawing, { value: round % 4, size: 1 + 9 * random(), near: 1 });
    const touch = () => at(40 * random() - 4, 30 * random() - 3, random(), random() < 0.3);
    gesture.down(touch());
    for (let step = 0; step < 4; step++) gesture.move(touch());
    if (!gesture.up()) drawing.keep();
  }
  assert.ok(drawing.mask.classes.every((value) => value < 4));
  assert.ok(new Set(drawing.mask.classes).size > 2);
});

test("any number of edits is taken back and made again, pixel for pixel", () => {
  const random = randomOf(2);
  const drawing = new Drawing(blankMask(64, 48));
  const states = [drawing.mask.classes.slice()];
  while (states.length < 300) {
    const gesture = openGesture(["brush", "rectangle", "ellipse"][states.length % 3], drawing, { ...INK, value: 1 + (states.length % 200) });
    gesture.down(at(60 * random(), 40 * random()));
    gesture.move(at(60 * random(), 40 * random()));
    gesture.up();
    states.push(drawing.mask.classes.slice());
  }
  for (const state of states.slice(0, -1).reverse()) {
    assert.ok(drawing.undo());
    assert.deepEqual(drawing.mask.classes, state);
  }
  assert.equal(drawing.undo(), false);
  for (const state of states.slice(1)) {
    assert.ok(drawing.redo());
    assert.deepEqual(drawing.mask.classes, state);
  }
  assert.equal(drawing.redo(), false);
});

test("an edit that changed nothing is none, and a new one ends what could be made again", () => {
  const drawing = new Drawing(blankMask(8, 8));
  drawing.apply((mask) => raster.paintRectangle(mask, { x: 1, y: 1 }, { x: 3, y: 3 }, 0));
  assert.equal(drawing.history.done.length, 0);
  drawing.apply((mask) => raster.paintRectangle(mask, { x: 1, y: 1 }, { x: 3, y: 3 }, 1));
  drawing.undo();
  drawing.apply((mask) => raster.paintRectangle(mask, { x: 2, y: 2 }, { x: 2, y: 2 }, 2));
  assert.equal(drawing.redo(), false);
});

test("a mask of another size takes the place of a drawing, and undo brings the old one back", () => {
  const drawing = new Drawing(blankMask(6, 4));
  drawing.apply((mask) => raster.paintRectangle(mask, { x: 0, y: 0 }, { x: 1, y: 1 }, 5));
  const before = drawing.mask.classes.slice();
  drawing.replace({ width: 3, height: 9, classes: new Uint8Array(27).fill(2) });
  assert.deepEqual([drawing.mask.width, drawing.mask.height, count(drawing.mask, 2)], [3, 9, 27]);
  drawing.undo();
  assert.deepEqual([drawing.mask.width, drawing.mask.height], [6, 4]);
  assert.deepEqual(drawing.mask.classes, before);
  drawing.redo();
  assert.equal(count(drawing.mask, 2), 27);
});

test("runs give back what they were made of, also where they are long", () => {
  const mask = { width: 5000, height: 3600, classes: new Uint8Array(18_000_000).fill(7) };
  mask.classes[17_000_000] = 255;
  const [area, copy] = [wholeOf(mask), blankMask(5000, 3600)];
  const runs = packArea(mask, area);
  assert.equal(runs.length, 4);
  unpackArea(copy, area, runs);
  assert.ok(Buffer.from(copy.classes.buffer).equals(Buffer.from(mask.classes.buffer)));
});

test("a shape that is being drawn leaves nothing of its former places, and one given up nothing at all", () => {
  const drawing = new Drawing(blankMask(20, 20));
  const gesture = openGesture("rectangle", drawing, INK);
  gesture.down(at(2, 2));
  gesture.move(at(18, 18));
  gesture.move(at(4, 3));
  assert.equal(count(drawing.mask, 3), 6);
  drawing.cancel();
  assert.equal(count(drawing.mask, 3), 0);
  assert.equal(drawing.history.done.length, 0);
});

test("a polygon is closed at its first corner or by a second touch of its last, and corners are taken back", () => {
  const drawing = new Drawing(blankMask(20, 20));
  const gesture = openGesture("polygon", drawing, INK);
  const touches = [[2, 2], [16, 2], [9, 9], [9, 16]];
  for (const [x, y] of touches) {
    gesture.down(at(x, y));
    assert.equal(gesture.up(), false);
  }
  assert.ok(gesture.back());
  gesture.down(at(2.5, 2.5));
  assert.equal(gesture.up(), true);
  assert.equal(drawing.history.done.length, 1);
  assert.ok(count(drawing.mask, 3) > 40);
});

test("a pinch takes from a polygon the corner of its first finger alone, and all of any other shape", () => {
  const drawing = new Drawing(blankMask(20, 20));
  const hand = new Hand({ drawing, scale: () => 10, mark() {} }, () => {});
  hand.hold("polygon");
  const corners = [[2, 2], [16, 2], [16, 16]];
  for (const [x, y] of corners) {
    hand.down(at(x, y));
    hand.up();
  }
  const before = drawing.mask.classes.slice();
  for (const [x, y] of [[2, 9], [2, 2]]) {
    hand.down(at(x, y)); // a fourth corner, and the touch that would close it
    hand.withdraw();
    assert.deepEqual(drawing.mask.classes, before);
    assert.equal(hand.gesture.trail().length, 3);
  }
  hand.down(at(2, 2));
  hand.up();
  assert.equal(hand.gesture, null);
  assert.deepEqual([drawing.history.done.length, drawing.mask.classes], [1, before]);
  hand.hold("rectangle");
  hand.down(at(2, 15));
  hand.move([at(9, 18)]);
  hand.withdraw();
  assert.deepEqual([drawing.history.done.length, drawing.mask.classes], [1, before]);
});

test("a polygon whose edges lie outside fills what they enclose, and undo takes all of it back", () => {
  const outside = [[[5, -9], [99, -9], [99, 99], [5, 99]], [[-9, -9], [99, -9], [99, 99], [-9, 99]]];
  for (const [corners, filled] of [[outside[0], 15 * 20], [outside[1], 20 * 20]]) {
    const drawing = new Drawing(blankMask(20, 20));
    const gesture = openGesture("polygon", drawing, INK);
    for (const [x, y] of corners) {
      gesture.down(at(10, 10));
      gesture.move(at(x, y));
      gesture.up();
    }
    drawing.keep();
    assert.equal(count(drawing.mask, 3), filled);
    drawing.undo();
    assert.equal(count(drawing.mask, 3), 0);
  }
});

test("a pen's pressure makes the brush wider; squares, circles and steps of 45 degrees are exact", () => {
  assert.ok(radiusOf(10, 0.1) < radiusOf(10, 0.9));
  assert.equal(radiusOf(10, 1), 5);
  assert.deepEqual(inSquare({ x: 5, y: 5 }, { x: 9, y: 3 }), { x: 9, y: 1 });
  const { x, y } = inSteps({ x: 0, y: 0 }, { x: 10, y: 9 });
  assert.ok(Math.abs(x - y) < 1e-9);
});

test("a mirrored mask mirrored again is itself", () => {
  const mask = { width: 3, height: 2, classes: Uint8Array.from([1, 2, 3, 4, 5, 6]) };
  raster.mirrorMask(mask);
  assert.deepEqual(rows(mask), ["321", "654"]);
  raster.mirrorMask(mask);
  assert.deepEqual(rows(mask), ["123", "456"]);
});

test("a drawing that is cleared has the size of the model, or the one it had where the model takes any", () => {
  assert.deepEqual(sizeOfNew({ usual_size: [160, 96] }, blankMask(300, 200)), [160, 96]);
  assert.deepEqual(sizeOfNew({ usual_size: null }, blankMask(300, 200)), [300, 200]);
  assert.deepEqual(sizeOfNew({ usual_size: null }), [256, 256]);
});

test("the brush is never wider than its slider says, of a smaller drawing too", () => {
  const bar = Object.assign(Object.create(ToolBar.prototype), { size: { max: "" } });
  bar.limit(256);
  assert.deepEqual([90, 12.4, 0].map((size) => bar.within(size)), [64, 12, 1]);
  bar.limit(40);
  assert.equal(bar.within(64), 10);
});
