// @ts-check
// What the page of findings does beyond being read: it hides what a filter leaves out, and puts the rest in an order.
// Without it all findings are there; nothing here may fetch, store or write text as markup.

/**
 * Whether a finding passes the filters; an empty one lets everything pass.
 * @param {{code: string, severity: string}} finding
 * @param {{code: string, severity: string}} wanted
 */
export function passes(finding, wanted) {
  return (!wanted.code || finding.code === wanted.code) && (!wanted.severity || finding.severity === wanted.severity);
}

/**
 * Compares names as people count: picture 9 before picture 10.
 * @param {string} first
 * @param {string} second
 */
export function compareNames(first, second) {
  return first.localeCompare(second, "en", { numeric: true });
}

/** The form above the list of files filters and sorts it. */
function filterFindings() {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.filters"));
  const list = document.querySelector(".cards");
  const words = form?.querySelector("output");
  if (!form || !list || !words) return;
  const files = [...list.querySelectorAll("article")].map((card) => ({
    card,
    name: card.dataset.name ?? "",
    text: "",
    lines: [...card.querySelectorAll("li")].map((line) => ({
      line,
      code: line.dataset.code ?? "",
      severity: line.dataset.severity ?? "",
      figure: Number(line.dataset.figure ?? "-Infinity"),
    })),
  }));
  const first = [...files];
  /** @param {string} name */
  const value = (name) => String(new FormData(form).get(name) ?? "");
  const filter = () => {
    const wanted = { code: value("code"), severity: value("severity") };
    const text = value("text").trim().toLowerCase();
    let shown = 0;
    let findings = 0;
    for (const file of files) {
      file.text ||= (file.card.textContent ?? "").toLowerCase();
      const found = !text || file.text.includes(text);
      let passed = 0;
      for (const line of file.lines) {
        const is = found && passes(line, wanted);
        line.line.hidden = !is;
        if (is) passed += 1;
      }
      file.card.hidden = !passed;
      if (passed) shown += 1;
      findings += passed;
    }
    words.textContent = `${findings} ${findings === 1 ? "finding" : "findings"} in ${shown} of ${files.length} files`;
  };
  const sort = () => {
    const order = value("sort");
    const seen = order === "severity" ? first : [...files];
    /** @param {(typeof files)[number]} file */
    const figure = (file) => Math.max(...file.lines.filter((each) => !each.line.hidden).map((each) => each.figure));
    if (order === "name") seen.sort((one, other) => compareNames(one.name, other.name));
    if (order === "code") seen.sort((one, other) => compareNames(one.lines[0].code, other.lines[0].code));
    if (order === "figure") seen.sort((one, other) => (figure(other) > figure(one) ? 1 : figure(other) < figure(one) ? -1 : 0));
    list.append(...seen.map((file) => file.card));
  };
  let waiting = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    filter();
    sort();
  });
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    // Letters are typed faster than thousands of files are searched.
    if (event.target instanceof HTMLInputElement) waiting = window.setTimeout(filter, 120);
  });
  form.hidden = false;
  filter();
}

if (typeof document !== "undefined") filterFindings();
