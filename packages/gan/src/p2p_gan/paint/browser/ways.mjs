// @ts-check
// What this browser can compute with, and how fast that will be: WebGPU, or WebAssembly with or without threads.
// Nothing here may load what computes.

/** @typedef {import("../page/engine.mjs").Catalogue} Catalogue */
/** @typedef {import("./worker.mjs").Way} Way */
/**
 * What `p2p export` writes for this engine; names of files are below the page's folder.
 * @typedef {object} Parts
 * @property {{ folder: string, ways: { name: "webgpu" | "wasm", module: string, wasm: string, bytes: number }[] }} runtime
 * @property {{ file: string, bytes: number, sha256: string }} weights
 * @property {import("./pass.mjs").Network} network
 * @property {import("./check.mjs").Check | null} check
 */
/** @typedef {Catalogue & { engine: Parts }} Site */
/**
 * The ways of computing in the order in which they are tried, with words for people, or why there is none.
 * @typedef {{ ways: Way[], threads: number, words: string, why_not: string | null }} Ways
 */

const MOST_THREADS = 8;
// A module with one function that uses a vector of 128 bits: (func (result v128) i32.const 0 i8x16.splat).
const WITH_SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11);

/** @param {Parts} parts @param {URL} base @returns {Promise<Ways>} */
export async function findWays({ runtime }, base) {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(WITH_SIMD)) {
    return { ways: [], threads: 1, words: "", why_not: "has no WebAssembly with SIMD, without which no model is computed" };
  }
  const threads = crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
  const gpu = await hasGpu();
  const at = (/** @type {string} */ name) => new URL(`${runtime.folder}/${name}`, base).href;
  const ways = runtime.ways
    .filter(({ name }) => gpu || name !== "webgpu")
    .map((way) => ({ ...way, module: at(way.module), wasm: at(way.wasm) }));
  return { ways, threads, words: wordsFor(gpu, threads), why_not: null };
}

/** @param {boolean} gpu @param {number} threads */
export function wordsFor(gpu, threads) {
  if (gpu) return "WebGPU";
  if (threads > 1) return `WebAssembly, ${threads} threads (this browser has no WebGPU, which is faster)`;
  const why = crossOriginIsolated ? "this machine has one core" : "the page is not isolated, which takes HTTPS or localhost";
  return `WebAssembly, 1 thread (no WebGPU; ${why})`;
}

async function hasGpu() {
  const gpu = /** @type {any} */ (navigator).gpu;
  return Boolean(await gpu?.requestAdapter().catch(() => null));
}
