// @ts-check
// Small things that every part of the page does with the document.
// Nothing here may know what the page is for; text is always text and never markup.

/**
 * The element with an id, of a kind.
 * @template {Element} T
 * @param {string} id
 * @param {{ new (): T }} kind
 * @param {ParentNode} [inside]
 * @returns {T}
 */
export function byId(id, kind, inside = document) {
  return find(`#${id}`, kind, inside);
}

/**
 * The first element of a selector, of a kind.
 * @template {Element} T
 * @param {string} selector
 * @param {{ new (): T }} kind
 * @param {ParentNode} [inside]
 * @returns {T}
 */
export function find(selector, kind, inside = document) {
  const found = inside.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * A new element with properties and children; a string is a text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A drawing of the page's sprite. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A canvas's context. @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no canvas");
  return context;
}

/** A text said to those who hear the page. @param {string} words */
export function say(words) {
  byId("said", HTMLElement).textContent = words;
}

/** Whether keys belong to an element: one in which text is written or something chosen. @param {EventTarget | null} target */
export function takesText(target) {
  if (target instanceof HTMLInputElement) return ["text", "search", "number"].includes(target.type);
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}
