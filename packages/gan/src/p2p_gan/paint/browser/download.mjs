// @ts-check
// Downloads what is large, and says how much of it is there.
// Nothing here may keep a file: the service worker does, so that it is brought once.

const STEPS = 100; // of a download that are shown, however small the pieces are in which it comes

/**
 * The bytes at an address; rejects where they cannot be had or are fewer or more than they should be.
 * @param {string} address @param {number} bytes  that there have to be @param {(part: number) => void} show  0 to 1
 */
export async function download(address, bytes, show) {
  const name = new URL(address).pathname.split("/").pop() ?? address;
  const response = await fetch(address).catch(() => null);
  if (!response) throw fault(`${name} cannot be fetched`, "unreachable", "Look at the connection, then load the page again.");
  if (!response.ok || !response.body) {
    throw fault(`the host answers ${response.status} for ${name}`, "incomplete-site", "Copy the whole folder to the host.");
  }
  const whole = await readAll(response.body.getReader(), bytes, show).catch(() => null);
  if (!whole) throw fault(`${name} came in part`, "unreachable", "Look at the connection, then load the page again.");
  return whole;
}

/**
 * The bytes of a stream, or null where there are not as many as expected.
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader @param {number} bytes @param {(part: number) => void} show
 */
async function readAll(reader, bytes, show) {
  const whole = new Uint8Array(bytes);
  let [there, shown] = [0, 0];
  show(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return there === bytes ? whole : null;
    if (there + value.length > bytes) return null;
    whole.set(value, there);
    there += value.length;
    if (there - shown < bytes / STEPS && there < bytes) continue;
    shown = there;
    show(there / bytes);
  }
}

/** @param {string} message @param {string} code @param {string} to_do */
function fault(message, code, to_do) {
  return Object.assign(new Error(message), { code, to_do });
}
