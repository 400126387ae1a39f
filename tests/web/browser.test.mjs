// What the engine in the browser computes is what p2p computes: tests/gan/paint/test_browser_values.py made the values.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const FOLDER = "../../packages/gan/src/p2p_gan/paint/browser";
const { checkPicture, blockMeans, largestDifference } = await import(`${FOLDER}/check.mjs`);
const { decode, encode } = await import(`${FOLDER}/coding.mjs`);
const { RandomSource, hashPixels, pixelNoise, seedOf } = await import(`${FOLDER}/draws.mjs`);
const { fitPicture, roundEven, validParts } = await import(`${FOLDER}/fitting.mjs`);
const { newerDrawing, untilThere } = await import(`${FOLDER}/local_engine.mjs`);
const { maskOfColors } = await import(`${FOLDER}/masks.mjs`);
const { finishOutput, maskPixels, prepareInputs } = await import(`${FOLDER}/pass.mjs`);
const { Queue } = await import(`${FOLDER}/queue.mjs`);
const { labelsAt, resizePhoto } = await import(`${FOLDER}/resizing.mjs`);
const { sha256Text } = await import(`${FOLDER}/sha256.mjs`);

const { isStale } = await import(`${FOLDER}/../page/engine.mjs`);

const golden = JSON.parse(readFileSync(new URL("../golden/browser.json", import.meta.url), "utf8"));
const CARS = [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];

/** The picture of the Python test. */
function picture([width, height], channels) {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const [channel, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    data[i] = (x * 7 + y * 13 + channel * 5 + x * y) % 251;
  }
  return { width, height, channels, data };
}

function size(pair) {
  return pair && { width: pair[0], height: pair[1] };
}

function near(found, expected, most) {
  assert.equal(found.length, expected.length);
  const largest = Math.max(...Array.from(found, (value, place) => Math.abs(value - expected[place])));
  assert.ok(largest <= most, `differs by ${largest}`);
}

test("SHA-256 is that of every other program, whatever the length", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 70000]) {
    const bytes = Uint8Array.from({ length }, (_, place) => place * 31);
    assert.equal(sha256Text(bytes), createHash("sha256").update(bytes).digest("hex"));
  }
});

test("a picture has the hash and the seeds that it has in p2p", () => {
  const [grey, color] = [picture([5, 3], 1), picture([5, 3], 3)];
  assert.deepEqual([hashPixels(grey.data, [3, 5]), hashPixels(color.data, [3, 5, 3])], golden.hashes);
  assert.deepEqual([[0, 1], [7, 3], [-1, 2]].map((each) => seedOf(golden.hashes[0], ...each)), golden.seeds);
});

test("the twister gives the words that numpy's gives, also past the first 624", () => {
  for (const [seed, words] of golden.words) {
    const source = new RandomSource(seed);
    const all = Array.from({ length: 700 }, () => source.word());
    assert.deepEqual([0, 1, 623, 624, 699].map((place) => all[place]), words);
  }
});

test("dropout keeps the same values, and normal numbers are the same but for their last digit", () => {
  const kept = new RandomSource(3).dropout({ channels: 2, divisor: 4, share: 0.3 }, 3, 4);
  assert.deepEqual(Array.from(kept, (value) => value > 0), golden.dropout);
  assert.equal(Math.max(...kept), Math.fround(1 / 0.7));
  for (const expected of golden.normal) near(new RandomSource(11).normal(expected.length), expected, 3e-6);
});

test("noise of pixels is the same to the last bit", () => {
  assert.deepEqual(Array.from(pixelNoise(2 ** 24 - 1, 2, 3, 5)), golden.pixel_noise);
});

test("every fit brings a picture to the same pixels at the same place", () => {
  for (const { size: trained, fit, own, wanted, padded, hash, valid, place } of golden.fits) {
    const how = { size: size(trained), fit, unit: 8, exact: true };
    const fitted = fitPicture(how, picture(own, 3), size(wanted));
    assert.deepEqual([fitted.padded.width, fitted.padded.height], padded, fit);
    assert.equal(hashPixels(fitted.padded.data, [padded[1], padded[0], 3]), hash, fit);
    assert.deepEqual([fitted.place.left, fitted.place.top, fitted.place.width, fitted.place.height], place);
    if (valid) assert.deepEqual(validParts(size(padded), fitted.valid, 8), valid);
    else assert.deepEqual(fitted.valid, [1, 1]);
  }
  assert.deepEqual([0.5, 1.5, 2.5, 2.4999, 2.5001].map(roundEven), [0, 2, 2, 2, 3]);
});

test("a picture of a single row is padded until a border can be mirrored", () => {
  const fitted = fitPicture({ size: null, fit: "stretch", unit: 4, exact: true }, picture([5, 1], 3), null);
  assert.deepEqual([fitted.padded.width, fitted.padded.height, fitted.valid], [8, 8, [1 / 8, 5 / 8]]);
});

test("a photo is resized to within two steps of what OpenCV gives", () => {
  for (const [own, wanted, expected] of golden.photos) near(resizePhoto(picture(own, 3), size(wanted)).data, expected, 2);
});

test("classes are resized by their probabilities", () => {
  const logits = Float32Array.from({ length: 3 * 6 * 8 }, (_, place) => Math.sin(place * 1.7) * 3);
  for (const [wanted, expected] of golden.labels) {
    assert.deepEqual(Array.from(labelsAt(logits, { width: 8, height: 6 }, 3, size(wanted))), expected);
  }
});

test("pixels become the values of a network and back", () => {
  const byte = { kind: "values", channels: 3, range: [0, 255] };
  near(encode(picture([5, 4], 3), byte), golden.codes[0], 1e-6);
  near(encode(picture([5, 4], 1), { kind: "values", channels: 1, range: [10, 201] }), golden.codes[1], 1e-6);
  const values = Float32Array.from({ length: 60 }, (_, place) => -1.1 + (2.2 * place) / 59);
  assert.deepEqual(Array.from(decode(values, { width: 5, height: 4 }, byte).data), golden.pixels);
  const whole = picture([5, 4], 3);
  assert.deepEqual(decode(encode(whole, byte), whole, byte).data, whole.data);
  const classes = { kind: "classes", channels: 3, range: [0, 2] };
  const mask = { width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 2, 255, 1) };
  assert.deepEqual(Array.from(encode(mask, classes)), [1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0]);
  assert.deepEqual(Array.from(decode(encode(mask, classes), mask, classes).data), [0, 2, 0, 1]);
});

test("the picture that a way of computing is checked with is that of p2p", () => {
  const values = { kind: "values", channels: 3, range: [0, 255] };
  const hashes = [null, CARS, null].map((colors) => {
    const found = checkPicture({ input: values, colors }, { width: 48, height: 32 });
    return hashPixels(found.data, [32, 48, 3]);
  });
  assert.deepEqual(hashes, golden.check);
  assert.deepEqual(blockMeans(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), { width: 4, height: 2 }, 1, 2), [3.5, 5.5]);
});

test("means are compared however many there are, and what is no number differs", () => {
  const many = Array(500_000).fill(0.25);
  assert.equal(largestDifference(many, [...many.slice(1), 0.75]), 0.5);
  assert.ok(Number.isNaN(largestDifference([0, NaN, 0], [0, 0, 0])));
});

const NETWORK = {
  input: { kind: "classes", channels: 5, range: [0, 4] },
  output: { kind: "values", channels: 3, range: [0, 255] },
  fit: { size: { width: 16, height: 16 }, fit: "stretch", unit: 8, exact: true },
  colors: CARS,
  takes_padding: true,
  noise: 2,
  pixel_noise: 0,
  dropout: [{ channels: 4, divisor: 4, share: 0.5 }],
};

test("a pass takes all inputs of the network, and another variant draws others", () => {
  const mask = { width: 16, height: 16, channels: 1, data: new Uint8Array(256) };
  const at = (variant, dropout = true) => prepareInputs(NETWORK, mask, { seed: 0, variant, dropout, size: null }).inputs;
  const shapes = Object.entries(at(1)).map(([name, { dims }]) => [name, dims]);
  assert.deepEqual(shapes, [["image", [1, 5, 16, 16]], ["valid", [4, 2]], ["noise", [1, 2, 1, 1]], ["dropout_0", [1, 4, 4, 4]]]);
  assert.deepEqual(at(1), at(1));
  assert.notDeepEqual(at(1).dropout_0, at(2).dropout_0);
  assert.deepEqual(at(1, false).dropout_0, { type: "float32", data: Float32Array.of(1), dims: [1, 1, 1, 1] });
  assert.deepEqual(at(1, false).noise.data, Float32Array.of(0, 0));
});

test("noise of pixels is as large as the input, beside the noise that all pixels share", () => {
  const mask = { width: 16, height: 8, channels: 1, data: new Uint8Array(128) };
  const network = { ...NETWORK, fit: { ...NETWORK.fit, size: null }, pixel_noise: 1, dropout: [] };
  const draw = (dropout) => prepareInputs(network, mask, { seed: 0, variant: 1, dropout, size: null }).inputs.noise;
  const { dims, data } = draw(true);
  assert.deepEqual(dims, [1, 3, 8, 16]);
  assert.deepEqual([0, 1, 2].map((channel) => new Set(data.slice(channel * 128, channel * 128 + 128)).size), [1, 1, 128]);
  assert.deepEqual(draw(false), { type: "float32", data: new Float32Array(3), dims: [1, 3, 1, 1] });
});

test("the output has the picture's own size, without its padding", () => {
  const network = { ...NETWORK, fit: { ...NETWORK.fit, size: null } };
  const mask = { width: 11, height: 5, channels: 1, data: new Uint8Array(55) };
  const { fitted } = prepareInputs(network, mask, { seed: 0, variant: 1, dropout: true, size: null });
  assert.deepEqual([fitted.padded.width, fitted.padded.height], [16, 8]);
  const values = Float32Array.from({ length: 3 * 128 }, (_, place) => ((place % 16) * 2) / 255 - 1);
  const found = finishOutput(network, fitted, mask, values);
  assert.deepEqual([found.width, found.height, found.channels], [11, 5, 3]);
  assert.deepEqual(Array.from(found.data.slice(0, 9)), [0, 0, 0, 2, 2, 2, 4, 4, 4].map((each) => Math.round(each / 2)));
});

test("a mask is given in colours where the network takes colours", () => {
  const colored = { ...NETWORK, input: { kind: "values", channels: 3, range: [0, 255] } };
  const found = maskPixels(colored, { width: 2, height: 1, classes: Uint8Array.of(1, 255) });
  assert.deepEqual(Array.from(found.data), [255, 0, 0, 255, 0, 254]);
});

const PALETTE = { name: "cars", classes: CARS.map((color, place) => ({ name: `c${place}`, color })), ignore_color: [255, 0, 254] };

function rgba(colors) {
  return { width: colors.length, height: 1, data: Uint8Array.from(colors.flatMap((each) => (each.length === 4 ? each : [...each, 255]))) };
}

test("a picture is read as a mask by its colours, and what is none is refused", () => {
  const exact = maskOfColors(PALETTE, rgba([...CARS, [255, 0, 254], [9, 9, 9, 0]]));
  assert.deepEqual([Array.from(exact.mask.classes), exact.notes], [[0, 1, 2, 3, 4, 255, 0], []]);
  const soft = maskOfColors(PALETTE, rgba([...Array(30).fill([255, 0, 0]), [250, 3, 2], [120, 0, 0]]));
  assert.equal(soft.mask.classes[30], 1);
  assert.match(soft.notes[0], /^2 pixels/);
  const codeOf = (colors) => {
    try {
      maskOfColors(PALETTE, rgba(colors));
      return "";
    } catch (error) {
      return error.code;
    }
  };
  assert.equal(codeOf([[90, 120, 130], [60, 70, 80], [200, 160, 90]]), "photo-not-mask");
  assert.equal(codeOf([[0, 0, 0], [1, 1, 1], [4, 4, 4]]), "class-numbers");
});

test("of what waits only the newest of a channel is done, one at a time, and an abort ends the waiting", async () => {
  const queue = new Queue(() => new Error("superseded"));
  const [done, open] = [[], []];
  const work = (name) => () => new Promise((resolve) => open.push(() => resolve(done.push(name))));
  const ended = (promise) => promise.then(() => "done", (error) => error.message);
  const quiet = new AbortController();
  const first = queue.add("a", quiet.signal, work("a1"));
  const second = ended(queue.add("a", quiet.signal, work("a2")));
  const third = queue.add("a", quiet.signal, work("a3"));
  const abort = new AbortController();
  const other = ended(queue.add("b", abort.signal, work("b1")));
  abort.abort(new Error("aborted"));
  assert.equal(open.length, 1);
  open[0]();
  await first;
  await new Promise((resolve) => setTimeout(resolve));
  open[1]();
  await third;
  assert.deepEqual([await second, await other, done], ["superseded", "aborted", ["a1", "a3"]]);
});

test("what a newer drawing replaces is stale for the page, and what failed once can be had later", async () => {
  assert.ok(isStale(newerDrawing()));
  let calls = 0;
  const get = untilThere(async () => {
    if (++calls === 1) throw new Error("no network");
    return calls;
  });
  await assert.rejects(get(), /no network/);
  assert.deepEqual([await get(), await get(), calls], [2, 2, 2]);
});
