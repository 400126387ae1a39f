// A browser loads no modules from the disk, so that index.html would stay empty without a word; this says why.
// Nothing else may be here: a page from a host never runs it.
if (location.protocol === "file:") {
  addEventListener("DOMContentLoaded", () => {
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.textContent =
      "This page needs a web server: run 'python -m http.server' in its folder, and open http://localhost:8000.";
    document.body.replaceChildren(words);
  });
}
