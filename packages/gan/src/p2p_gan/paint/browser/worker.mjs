// @ts-check
// Computes the network beside the page, so that a brush never waits: onnxruntime-web, by WebGPU or by WebAssembly.
// Nothing here may touch the document; each message is answered by one of the same number, and downloads say how far they are.

import { blockMeans, checkPicture, largestDifference } from "./check.mjs";
import { download } from "./download.mjs";
import { finishOutput, prepareInputs } from "./pass.mjs";

/** @typedef {import("./pass.mjs").Network} Network */
/** @typedef {import("./pass.mjs").Pixels} Pixels */
/** @typedef {{ name: "webgpu" | "wasm", module: string, wasm: string, bytes: number }} Way  of computing; addresses */
/** @typedef {{ network: Network, model: string, bytes: number, ways: Way[], threads: number, check: Check | null }} Plan */
/** @typedef {import("./check.mjs").Check} Check */
/** @typedef {{ number: number, load?: Plan, picture?: Pixels, options?: import("./pass.mjs").PassOptions }} Question */

/** @type {{ ort: any, session: any, network: Network } | null} */
let loaded = null;

self.addEventListener("message", async (event) => {
  /** @type {Question} */
  const { number, load: plan, picture, options } = event.data;
  try {
    if (plan) self.postMessage({ number, way: await load(plan, number) });
    else if (picture && options) {
      const answer = await paint(picture, options);
      self.postMessage({ number, ...answer }, { transfer: [answer.pixels.data.buffer] });
    }
  } catch (error) {
    self.postMessage({ number, error: faultOf(error) });
  }
});

/** What can be sent of an error. @param {unknown} error */
function faultOf(error) {
  const { code = "not-computed", message = String(error), to_do = "" } = /** @type {any} */ (error);
  return { code, message: String(message).slice(0, 500), to_do };
}

/** The first way that computes what torch computed. @param {Plan} plan @param {number} number */
async function load(plan, number) {
  const show = (/** @type {string} */ words, /** @type {number | null} */ part) => self.postMessage({ number, words, part });
  const model = await download(plan.model, plan.bytes, (part) => show("The model", part));
  let failure = null;
  for (const way of plan.ways) {
    try {
      const wasm = await download(way.wasm, way.bytes, (part) => show("What computes it", part));
      show("Preparing", null);
      loaded = await begin(plan, way, wasm, model);
      if (!plan.check || (await differs(plan.network, plan.check)) <= plan.check.most) return way.name;
      failure = Object.assign(new Error("it computes something else than torch did"), { code: "not-the-same" });
      await loaded.session.release();
    } catch (error) {
      failure = error;
    }
    loaded = null;
  }
  throw failure;
}

/** @param {Plan} plan @param {Way} way @param {Uint8Array} wasm @param {Uint8Array} model */
async function begin({ network, threads }, way, wasm, model) {
  const ort = await import(way.module);
  Object.assign(ort.env.wasm, { numThreads: threads, wasmBinary: wasm.buffer });
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(model, { executionProviders: [way.name], logSeverityLevel: 3 });
  return { ort, session, network };
}

/** @param {Pixels} picture @param {import("./pass.mjs").PassOptions} options */
async function paint(picture, options) {
  const begun = performance.now();
  if (!loaded) throw Object.assign(new Error("no model is loaded"), { code: "not-prepared" });
  const { fitted, values } = await run(loaded, picture, options);
  // A picture that is asked for at another size than the model's is a coarse one, and stays as small as it is.
  const own = options.size ? fitted.place : picture;
  const pixels = finishOutput(loaded.network, fitted, { width: own.width, height: own.height }, values);
  return { pixels, milliseconds: performance.now() - begun };
}

/** @param {NonNullable<typeof loaded>} model @param {Pixels} picture @param {import("./pass.mjs").PassOptions} options */
async function run({ ort, session, network }, picture, options) {
  const { inputs, fitted } = prepareInputs(network, picture, options);
  /** @type {Record<string, any>} */
  const feeds = {};
  for (const [name, { type, data, dims }] of Object.entries(inputs)) feeds[name] = new ort.Tensor(type, data, dims);
  const { output } = await session.run(feeds);
  const values = /** @type {Float32Array} */ (await output.getData());
  output.dispose();
  if (values.some((value) => !Number.isFinite(value))) {
    throw Object.assign(new Error("the model's output has values that are infinite or not numbers"), { code: "not-finite" });
  }
  return { fitted, values };
}

/** How far the network's output differs from what torch gave, as the largest difference of a mean. @param {Network} network @param {Check} check */
async function differs(network, check) {
  if (!loaded) return Infinity;
  const options = { seed: 0, variant: 1, dropout: false, size: { width: check.width, height: check.height } };
  const { fitted, values } = await run(loaded, checkPicture(network, check), options);
  return largestDifference(blockMeans(values, fitted.padded, network.output.channels, check.block), check.means);
}
