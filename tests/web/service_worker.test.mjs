// What the service worker of an exported page keeps is what the site lists, whatever a host gives while it is written to.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

const BASE = "https://host.example/paint/";
const hashOf = (text) => createHash("sha256").update(text).digest("hex");
const host = new Map(); // name -> text
const kept = new Map(); // address -> text
const listeners = new Map();

const addressOf = (request) => String(request.url ?? request);
globalThis.self = {
  registration: { scope: BASE },
  clients: { claim: async () => {} },
  skipWaiting: async () => {},
  addEventListener: (name, listener) => listeners.set(name, listener),
};
globalThis.caches = {
  open: async () => ({
    match: async (request) => (kept.has(addressOf(request)) ? new Response(kept.get(addressOf(request))) : undefined),
    put: async (request, response) => void kept.set(addressOf(request), await response.text()),
    delete: async (request) => kept.delete(addressOf(request)),
    keys: async () => Array.from(kept.keys(), (url) => ({ url })),
  }),
};
globalThis.fetch = async (request) => {
  const name = addressOf(request).slice(BASE.length).split("?")[0];
  return host.has(name) ? new Response(host.get(name)) : new Response("", { status: 404 });
};
await import("../../packages/gan/src/p2p_gan/paint/browser/service_worker.mjs");

/** Put files on the host; `listed` are those that its list says. */
function write(files, listed = files) {
  host.clear();
  for (const [name, text] of Object.entries(files)) host.set(name, text);
  const hashes = Object.fromEntries(Object.entries(listed).map(([name, text]) => [name, hashOf(text)]));
  host.set("site.json", JSON.stringify({ files: hashes }));
}

async function get(name) {
  let [answer, waiting] = [null, []];
  listeners.get("fetch")({
    request: { url: BASE + name, method: "GET", mode: "cors" },
    respondWith: (promise) => (answer = promise),
    waitUntil: (promise) => waiting.push(promise),
  });
  const text = await (await answer).text();
  await Promise.all(waiting);
  return text;
}

const model = (text) => `model.onnx?sha256=${hashOf(text)}`;
const RUNTIME = "onnxruntime-web-1.0.0/ort.wasm";

test("a model that the host has not replaced yet is not kept under the hash of the new one", async () => {
  write({ "model.onnx": "old" }, { "model.onnx": "new" });
  assert.equal(await get(model("new")), "old");
  write({ "model.onnx": "new" });
  assert.equal(await get(model("new")), "new");
  host.clear();
  assert.equal(await get(model("new")), "new");
});

test("an error page in place of the runtime is not kept, and what a newer site has no more is forgotten", async () => {
  write({ [RUNTIME]: "<html>not found</html>" }, { [RUNTIME]: "code" });
  await get(RUNTIME);
  write({ [RUNTIME]: "code", "model.onnx": "new" });
  assert.equal(await get(RUNTIME), "code");
  const later = "onnxruntime-web-2.0.0/ort.wasm";
  write({ [later]: "code 2", "model.onnx": "newer" });
  await Promise.all([get(later), get(model("newer"))]);
  assert.deepEqual([...kept.keys()].sort(), [BASE + model("newer"), BASE + later].sort());
});

test("a file that may change is asked for each time, and is there without a network", async () => {
  for (const text of ["one", "two"]) {
    write({ "model.json": text });
    assert.equal(await get("model.json"), text);
  }
  globalThis.fetch = async () => Promise.reject(new TypeError("no network"));
  assert.equal(await get("model.json"), "two");
});
