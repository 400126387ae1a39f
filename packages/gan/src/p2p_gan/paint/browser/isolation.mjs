// @ts-check
// Registers the service worker, and loads the page once more where only that isolates it, so that threads can be had.
// Nothing here may be needed: without HTTPS, or where storage is closed, the page works with one thread.

const RELOADED = "p2p-reloaded";
const PATIENCE = 5000; // milliseconds for a service worker to begin

/**
 * Resolves when the page may begin; never, where it is being loaded again.
 * @param {URL} base  the folder of the page
 */
export async function isolate(base) {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(new URL("service_worker.mjs", base), { scope: base.pathname, updateViaCache: "none" });
    const controlled = await withControl();
    if (crossOriginIsolated) return sessionStorage.removeItem(RELOADED);
    // Loaded past the service worker (Ctrl-Shift-R), or by a browser that does not isolate: once is enough.
    if (!controlled || sessionStorage.getItem(RELOADED)) return;
    sessionStorage.setItem(RELOADED, "once");
  } catch {
    return;
  }
  location.reload();
  await new Promise(() => {});
}

/** Whether a service worker answers for this page, soon. */
async function withControl() {
  if (navigator.serviceWorker.controller) return true;
  return Promise.race([
    new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", () => resolve(true), { once: true })),
    new Promise((resolve) => setTimeout(() => resolve(false), PATIENCE)),
  ]);
}
