// @ts-check
// Files that come and go: a choice, a drop, a paste; and what is saved under which name.
// Nothing here may know what is in a file.

import { byId } from "./dom.mjs";

/** Let a file be chosen. @param {(file: File) => void} take */
export function chooseFile(take) {
  const input = byId("file", HTMLInputElement);
  input.value = "";
  input.accept = "image/*";
  input.onchange = () => {
    const file = input.files?.[0];
    if (file) take(file);
  };
  input.click();
}

/** Files that are dropped on the page or pasted. @param {(file: File) => void} take */
export function listenToFiles(take) {
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  for (const name of ["dragleave", "drop"]) {
    document.addEventListener(name, () => document.body.classList.remove("dropping"));
  }
  document.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    take(file);
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((each) => each.type.startsWith("image/"));
    if (file) take(file);
  });
}

/** @param {Blob} blob @param {string} name */
export function saveFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads the file after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A name of a file from any name, without what a file system may not like. @param {string} name @param {string} ending */
export function fileName(name, ending) {
  const plain = name.normalize("NFKD").replace(/[^\w-]+/g, "-").replace(/^-+|-+$/g, "");
  return `${plain.slice(0, 60) || "drawing"}-${ending}.png`;
}
