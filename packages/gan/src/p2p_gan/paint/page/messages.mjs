// @ts-check
// What the page says besides what it shows: notes that go by themselves, errors that stay until read, and one state.
// Nothing here may decide what is said.

import { byId, icon, make } from "./dom.mjs";
import { EngineError } from "./engine.mjs";

const NOTE_TIME = 8000;
const PATIENCE = 600; // milliseconds after which work is said to go on

/** An error in words: where, what, and what to do. @param {unknown} error */
export function wordsOf(error) {
  if (error instanceof EngineError) return [error.message, error.todo].filter(Boolean).join(". ").replace(/\.\. /g, ". ");
  return error instanceof Error ? error.message : String(error);
}

/** @param {"note" | "error" | "state"} kind @param {string} words */
function show(kind, words) {
  const close = make("button", { type: "button", title: "Close", ariaLabel: "Close this message" }, icon("close"));
  const message = make("div", { className: `message ${kind}` }, make("p", {}, words), close);
  message.setAttribute("role", kind === "error" ? "alert" : "status");
  const place = byId("messages", HTMLElement);
  // The same said twice is said once, and no more than three stand there.
  for (const each of [...place.children]) if (each.querySelector("p")?.textContent === words) each.remove();
  place.append(message);
  while (place.children.length > 3) place.firstElementChild?.remove();
  close.addEventListener("click", () => message.remove());
  return message;
}

/** @param {string} words */
export function note(words) {
  const message = show("note", words);
  setTimeout(() => message.remove(), NOTE_TIME);
}

/** @param {unknown} error */
export function complain(error) {
  show("error", wordsOf(error));
}

/** A state that lasts; what ends it. @param {string} words */
export function showState(words) {
  const message = show("state", words);
  return () => message.remove();
}

/**
 * What work gives; where it takes long, that it goes on is said until it ends.
 * @template T
 * @param {string} words @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export async function sayWhile(words, work) {
  let end = () => {};
  const timer = setTimeout(() => (end = showState(words)), PATIENCE);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    end();
  }
}
