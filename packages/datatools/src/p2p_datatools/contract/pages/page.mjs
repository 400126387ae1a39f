// @ts-check
// What a page does beyond being read: pictures enlarge, a slider runs through the samples, curves say their values.
// Without it everything is there to read; nothing here may fetch, store or write text as markup.

/**
 * The index of the entry nearest to a value; the entries are in ascending order.
 * @param {readonly number[]} sorted
 * @param {number} value
 */
export function nearestIndex(sorted, value) {
  let low = 0;
  let high = sorted.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return Math.abs(sorted[low] - value) <= Math.abs(sorted[high] - value) ? low : high;
}

/**
 * A number with three digits, which is what can be read off a curve.
 * @param {number} value
 */
export function threeDigits(value) {
  return String(Number(value.toPrecision(3)));
}

/**
 * A place between the ends of a scale in units of the picture, as a value of that scale.
 * @param {number} place
 * @param {readonly [number, number]} from  the scale's ends in the picture
 * @param {readonly [number, number]} to  the values at these ends
 */
export function valueAt(place, from, to) {
  return to[0] + ((place - from[0]) / (from[1] - from[0])) * (to[1] - to[0]);
}

/** @param {string | undefined} text */
function numbers(text) {
  return (text ?? "").split(/[ ,]+/).map(Number);
}

/** A click or Enter on a picture shows it as large as the window; Escape or a click closes it. */
function enlargePictures() {
  const dialog = document.createElement("dialog");
  const picture = document.createElement("img");
  const about = document.createElement("p");
  dialog.setAttribute("aria-label", "Enlarged picture");
  dialog.append(picture, about);
  dialog.addEventListener("click", () => dialog.close());
  for (const button of document.querySelectorAll("button.zoom")) {
    button.addEventListener("click", () => {
      const small = button.querySelector("img");
      if (!small) return;
      picture.src = small.src;
      picture.alt = small.alt;
      about.textContent = small.alt;
      picture.className = small.naturalWidth < 512 ? "small" : "";
      dialog.style.setProperty("--shape", String(small.naturalWidth / small.naturalHeight));
      if (!dialog.isConnected) document.body.append(dialog);
      dialog.showModal();
    });
  }
}

/** The samples over time: one is shown, and a slider, which the arrow keys move, chooses it. */
function runSliders() {
  for (const film of document.querySelectorAll(".film")) {
    const slider = film.querySelector("input");
    const frames = /** @type {HTMLElement[]} */ ([...film.querySelectorAll(".frames > *")]);
    const words = film.querySelector("output");
    if (!slider || !words) continue;
    const show = () => {
      const chosen = slider.valueAsNumber;
      for (const [place, frame] of frames.entries()) frame.hidden = place !== chosen;
      words.textContent = frames[chosen].dataset.words ?? "";
      slider.setAttribute("aria-valuetext", words.textContent);
    };
    slider.addEventListener("input", show);
    slider.closest("label")?.removeAttribute("hidden");
    show();
  }
}

/**
 * A panel of curves: the pointer, or the arrow keys, move a line, and the legend has the values there.
 * @param {SVGSVGElement} panel
 */
function followPointer(panel) {
  const [left, top, right, bottom] = numbers(panel.dataset.area);
  const x = /** @type {[number, number]} */ (numbers(panel.dataset.x));
  const y = /** @type {[number, number]} */ (numbers(panel.dataset.y));
  const figure = panel.closest("figure");
  const curves = [...panel.querySelectorAll("polyline")].map((line) => {
    const flat = numbers(line.getAttribute("points") ?? "");
    const xs = flat.filter((_, index) => index % 2 === 0);
    const ys = flat.filter((_, index) => index % 2 === 1);
    const words = [...(figure?.querySelectorAll("output") ?? [])].find((each) => each.dataset.label === line.dataset.label);
    return { xs, ys, words, last: words?.textContent ?? "" };
  });
  if (!curves.length) return;
  const cross = document.createElementNS("http://www.w3.org/2000/svg", "path");
  cross.setAttribute("class", "cross");
  // Curves of several runs end at different places.
  const places = [...new Set(curves.flatMap((each) => each.xs))].sort((first, second) => first - second);
  let at = places.length - 1;
  /** @param {number} place */
  const show = (place) => {
    at = Math.max(0, Math.min(places.length - 1, place));
    cross.setAttribute("d", `M${places[at]} ${top}V${bottom}`);
    panel.append(cross);
    for (const { xs, ys, words } of curves) {
      const near = nearestIndex(xs, places[at]);
      const seen = Math.round(valueAt(xs[near], [left, right], x)).toLocaleString("en");
      if (words) words.textContent = `${threeDigits(valueAt(ys[near], [bottom, top], y))} at ${seen}`;
    }
  };
  const leave = () => {
    cross.remove();
    for (const { words, last } of curves) if (words) words.textContent = last;
  };
  panel.addEventListener("pointermove", (event) => {
    const box = panel.getBoundingClientRect();
    const unit = panel.viewBox.baseVal.width / box.width;
    show(nearestIndex(places, (event.clientX - box.left) * unit));
  });
  panel.addEventListener("pointerleave", leave);
  panel.addEventListener("blur", leave);
  panel.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(at + step);
  });
}

/** What is closed on the screen is open on paper, and closed again after. */
function openForPrint() {
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details")].filter((each) => !each.open);
    for (const each of opened) each.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
  });
}

if (typeof document !== "undefined") {
  enlargePictures();
  runSliders();
  document.querySelectorAll("svg[data-area]").forEach((each) => followPointer(/** @type {SVGSVGElement} */ (each)));
  openForPrint();
}
