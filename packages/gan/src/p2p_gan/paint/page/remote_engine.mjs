// @ts-check
// The engine that asks a server of `p2p paint`: addresses, bodies and answers of its API.
// Nothing here may decide when a picture is asked for, or touch the document.

/** @typedef {import("./engine.mjs").Engine} Engine */
/** @typedef {import("./engine.mjs").PaintRequest} PaintRequest */

import { maskFile, readMaskFile } from "./drawing_file.mjs";
import { EngineError } from "./engine.mjs";

const PNG = "image/png";

/** @param {URL} base  the page's own address, which ends with a slash @returns {Engine} */
export function remoteEngine(base) {
  const client = crypto.getRandomValues(new Uint32Array(2)).join("-");
  /** @param {string} path @param {Record<string, string | number | null>} [query] */
  const address = (path, query = {}) => {
    const url = new URL(`api/${path}`, base);
    for (const [name, value] of Object.entries(query)) if (value !== null) url.searchParams.set(name, String(value));
    return url;
  };
  /** @param {string} model @param {string} example @param {string} file */
  const exampleFile = (model, example, file) =>
    address(`models/${encodeURIComponent(model)}/examples/${encodeURIComponent(example)}/${file}`);

  return {
    kind: "server",
    async models() {
      return (await ask(address("models"))).json();
    },
    async prepare() {},
    async examples(model) {
      return (await (await ask(address(`models/${encodeURIComponent(model)}/examples`))).json()).examples;
    },
    exampleAddress: (model, example) => exampleFile(model, example, "mask.png").href,
    async exampleMask(model, example) {
      return (await ask(exampleFile(model, example, "mask.png"))).blob();
    },
    async examplePhoto(model, example) {
      return (await ask(exampleFile(model, example, "photo.png"))).blob();
    },
    async paint(request) {
      const { model, seed, variant, size, stroke, signal, channel } = request;
      const dropout = request.dropout ? "on" : "off";
      const query = { model, seed, variant, size: size && size.join("x"), dropout, client: `${client}-${channel}`, stroke };
      const answer = await ask(address("paint", query), { method: "POST", ...(await bodyOf(request)), signal });
      const file = await readBody(answer);
      const milliseconds = Number(answer.headers.get("X-P2P-Milliseconds"));
      return { image: await createImageBitmap(file), file, milliseconds };
    },
    readMask: (model, _palette, file) => readAnswer(address("mask", { model }), file),
    segment: (model, _palette, photo) => readAnswer(address("segment", { model }), photo),
  };
}

/** @param {PaintRequest} request */
async function bodyOf({ mask, palette, picture }) {
  if (picture) return { body: picture, headers: { "Content-Type": picture.type || PNG } };
  if (!mask || !palette) throw new Error("a request has a mask with its palette, or a picture");
  const bytes = /** @type {BlobPart} */ (await maskFile(mask, palette));
  return { body: new Blob([bytes], { type: PNG }), headers: { "Content-Type": PNG } };
}

/** A file to an exact mask, with what had to be changed for it. @param {URL} url @param {Blob} file */
async function readAnswer(url, file) {
  const headers = { "Content-Type": file.type || "application/octet-stream" };
  const answer = await ask(url, { method: "POST", body: file, headers });
  const mask = await readMaskFile(new Uint8Array(await (await readBody(answer)).arrayBuffer()));
  if (!mask) throw strangeAnswer("it sent no mask");
  return { mask, notes: readNotes(answer.headers.get("X-P2P-Notes")) };
}

/** @param {string | null} header  a JSON list, percent-encoded @returns {string[]} */
function readNotes(header) {
  try {
    const notes = JSON.parse(decodeURIComponent(header ?? "[]"));
    return Array.isArray(notes) ? notes.map(String) : [];
  } catch {
    return [];
  }
}

/** An answer that is right, or an error in the server's words. @param {URL} url @param {RequestInit} [request] */
async function ask(url, request) {
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(url, { cache: "no-store", ...request });
  } catch (error) {
    throw isAbort(error) ? error : unreachable();
  }
  if (answer.ok) return answer;
  throw await readError(answer);
}

/** @param {Response} answer */
async function readBody(answer) {
  try {
    return await answer.blob();
  } catch (error) {
    throw isAbort(error) ? error : unreachable();
  }
}

/** @param {Response} answer */
async function readError(answer) {
  const { error } = await answer.json().catch(() => ({}));
  if (typeof error?.what !== "string") return strangeAnswer(`it answered ${answer.status}`);
  const [where, what, to_do, code] = [error.where, error.what, error.to_do, error.code].map((each) => String(each ?? ""));
  return new EngineError({ where, what, to_do, code });
}

function unreachable() {
  const to_do = "Is it still running? Start it again with the same command; this page goes on by itself.";
  return new EngineError({ where: "the server", what: "does not answer", to_do, code: "unreachable" });
}

/** @param {string} what */
function strangeAnswer(what) {
  const to_do = "Is another program at this address, or another version? Restart p2p paint and reload the page.";
  return new EngineError({ where: "the server", what, to_do, code: "strange-answer" });
}

/** @param {unknown} error */
function isAbort(error) {
  return error instanceof Error && error.name === "AbortError";
}
