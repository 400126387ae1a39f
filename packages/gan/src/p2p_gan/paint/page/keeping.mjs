// @ts-check
// What survives a reload: drawings, the photo beside them and the choices, in the browser's own data base.
// Nothing here may leave the browser; where it keeps nothing, as in some private windows, all else works.

/** @typedef {import("./engine.mjs").Mask} Mask */
/** @typedef {{ width: number, height: number, runs: Uint32Array }} KeptMask */

import { blankMask } from "./drawing.mjs";
import { packArea, unpackArea } from "./history.mjs";
import { wholeOf } from "./rect.mjs";

const DATABASE = "p2p-paint";
const STORE = "kept";

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;

/** @returns {Promise<IDBDatabase | null>} */
function database() {
  opened ??= (async () => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return settled(request);
  })().catch(() => null);
  return opened;
}

/** What was kept under a name, or null. @param {string} name @returns {Promise<unknown>} */
export async function recall(name) {
  const found = await database();
  if (!found) return null;
  return (await settled(found.transaction(STORE).objectStore(STORE).get(name)).catch(() => null)) ?? null;
}

/** Whether a value could be kept; null forgets it. @param {string} name @param {unknown} value */
export async function keep(name, value) {
  const found = await database();
  if (!found) return false;
  const store = found.transaction(STORE, "readwrite", { durability: "relaxed" }).objectStore(STORE);
  const done = value === null ? settled(store.delete(name)) : settled(store.put(value, name)).then(() => {});
  return done.then(() => true).catch(() => false);
}

/** @param {Mask} mask @returns {KeptMask} */
export function packMask(mask) {
  return { width: mask.width, height: mask.height, runs: packArea(mask, wholeOf(mask)) };
}

/** A mask that was kept; null for what is none, such as one of a later version. @param {unknown} kept @returns {Mask | null} */
export function unpackMask(kept) {
  const { width, height, runs } = /** @type {Partial<KeptMask>} */ (kept ?? {});
  if (!width || !height || !(runs instanceof Uint32Array)) return null;
  if (runs.reduce((sum, run) => sum + (run >>> 8), 0) !== width * height) return null;
  const mask = blankMask(width, height);
  unpackArea(mask, wholeOf(mask), runs);
  return mask;
}
