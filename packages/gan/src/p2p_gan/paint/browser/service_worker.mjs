// @ts-check
// Answers for the page: adds the headers that isolate it, so that it gets threads, and keeps its files for offline use.
// Nothing here may ask another host, or answer for what lies outside its folder. It is loaded as a plain script.

/** @type {any} */
const worker = self;
/** @type {string} */
const BASE = worker.registration?.scope ?? "";
const KEPT = `p2p ${BASE}`;
const LIST = "site.json"; // of the files, by which a page that was visited once is there offline
// What never changes under its address: onnxruntime-web of one version, and a model with its hash.
const FOREVER = /\/onnxruntime-web-[^/]+\/|\?sha256=/;

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keepAll().then(() => worker.skipWaiting())));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(BASE)) event.respondWith(answer(event));
});

/** Keep what is small at once; a file that cannot be had now is kept when it is asked for. */
async function keepAll() {
  const kept = await caches.open(KEPT);
  const small = Object.keys(await listFiles().catch(() => ({}))).filter((name) => !/\.(onnx|wasm)$/.test(name));
  const addresses = [BASE, ...small.map((name) => new URL(name, BASE).href)];
  await Promise.all(addresses.map((address) => kept.add(new Request(address, { cache: "no-cache" })).catch(() => null)));
}

/** The files of the site with their hashes. @returns {Promise<Record<string, string>>} */
async function listFiles() {
  const response = await fetch(new URL(LIST, BASE), { cache: "no-cache" });
  return (await response.json()).files;
}

/** @param {any} event */
async function answer(event) {
  const { request } = event;
  const kept = await caches.open(KEPT);
  const lasting = FOREVER.test(request.url);
  const before = lasting ? await kept.match(request) : undefined;
  if (before) return isolated(before);
  try {
    const response = await fetch(request, { cache: "no-cache" });
    if (response.status !== 200) return isolated(response);
    const copy = response.clone();
    event.waitUntil(keep(kept, request, copy));
    return isolated(response);
  } catch (error) {
    const found = (await kept.match(request)) ?? (request.mode === "navigate" ? await kept.match(BASE) : undefined);
    if (found) return isolated(found);
    throw error;
  }
}

/** Keep a file; a full disk is no fault of the page. @param {Cache} kept @param {Request} request @param {Response} response */
async function keep(kept, request, response) {
  try {
    if (!FOREVER.test(request.url)) return await kept.put(request, response);
    // Never asked for again, so that it has to be the right one: a host that is being written to may give another.
    const [files, bytes] = [await listFiles(), await response.arrayBuffer()];
    if (!isListed(files, request.url) || files[nameOf(request.url)] !== (await hashOf(bytes))) return;
    await kept.put(request, new Response(bytes, { headers: response.headers }));
    for (const { url } of await kept.keys()) if (FOREVER.test(url) && !isListed(files, url)) await kept.delete(url);
  } catch {
    // Not kept: it is brought again the next time.
  }
}

/** Whether the site has a file, and if its address has a hash this very one. @param {Record<string, string>} files @param {string} url */
function isListed(files, url) {
  const hash = files[nameOf(url)];
  return hash !== undefined && (new URL(url).searchParams.get("sha256") ?? hash) === hash;
}

/** @param {string} url */
function nameOf(url) {
  return url.slice(BASE.length).split("?")[0];
}

/** @param {ArrayBuffer} bytes */
async function hashOf(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The same answer with the headers of a page that is isolated. @param {Response} response */
function isolated(response) {
  if (response.type === "opaqueredirect" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  const empty = [204, 205, 304].includes(response.status);
  return new Response(empty ? null : response.body, { status: response.status, statusText: response.statusText, headers });
}
