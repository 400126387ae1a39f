// @ts-check
// PNG files written and read exactly, number by number: a canvas would turn class numbers into colours.
// Nothing here may know what the numbers mean; pixels of photos are read by the browser.

/** @typedef {{ kind: string, data: Uint8Array }} Chunk */
/** @typedef {{ width: number, height: number, pixels: Uint8Array, channels: 1 | 3, table: Uint8Array | null }} Picture */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY = 0;
const RGB = 2;
const INDEXED = 3;
const MOST_PIXELS = 25_000_000; // as the server takes at most

/** @type {Uint32Array} */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** The check sum of a chunk. @param {Uint8Array} data */
export function crc32(data) {
  let sum = 0xffffffff;
  for (const byte of data) sum = CRC_TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

/**
 * The bytes of a PNG of 8 bits: of row numbers of a colour table, of grey, or of RGB.
 * @param {Picture} picture  one or three bytes a pixel; with a table, 3 bytes a colour, one is its row
 * @param {readonly Chunk[]} [more]  chunks that go before the pixels
 * @returns {Promise<Uint8Array>}
 */
export async function encodePng({ width, height, pixels, channels, table }, more = []) {
  const row = width * channels;
  const plain = new Uint8Array(height * (row + 1)); // each row begins with its filter: 0, as it is
  for (let y = 0; y < height; y++) plain.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, table ? INDEXED : channels === 3 ? RGB : GREY], 8);
  return writeChunks([
    { kind: "IHDR", data: header },
    ...(table ? [{ kind: "PLTE", data: table }] : []),
    ...more,
    { kind: "IDAT", data: await throughStream(plain, new CompressionStream("deflate")) },
    { kind: "IEND", data: new Uint8Array() },
  ]);
}

/**
 * The row numbers in an indexed PNG, and its table; null where it is another kind of file or not whole.
 * @param {Uint8Array} bytes
 * @returns {Promise<Picture | null>}
 */
export async function decodeIndexedPng(bytes) {
  const chunks = readChunks(bytes);
  const header = chunks.find((each) => each.kind === "IHDR")?.data;
  const table = chunks.find((each) => each.kind === "PLTE")?.data;
  if (!header || !table || header.length !== 13 || header[9] !== INDEXED || header[12] !== 0) return null;
  const view = new DataView(header.buffer, header.byteOffset);
  const [width, height, depth] = [view.getUint32(0), view.getUint32(4), header[8]];
  if (!width || !height || width * height > MOST_PIXELS) return null;
  const packed = join(chunks.filter((each) => each.kind === "IDAT").map((each) => each.data));
  const row = Math.ceil((width * depth) / 8);
  const plain = await inflate(packed, height * (row + 1));
  if (!plain) return null;
  const rows = unfilter(plain, row, height);
  return rows && { width, height, pixels: depth === 8 ? rows : spread(rows, width, height, depth), channels: 1, table };
}

/** The chunks of a PNG with right check sums; none where the file is no PNG. @param {Uint8Array} bytes */
export function readChunks(bytes) {
  /** @type {Chunk[]} */
  const found = [];
  if (!SIGNATURE.every((byte, place) => bytes[place] === byte)) return found;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let place = 8; place + 12 <= bytes.length; ) {
    const end = place + 8 + view.getUint32(place);
    if (end + 4 > bytes.length || crc32(bytes.subarray(place + 4, end)) !== view.getUint32(end)) break;
    found.push({ kind: String.fromCharCode(...bytes.subarray(place + 4, place + 8)), data: bytes.subarray(place + 8, end) });
    place = end + 4;
  }
  return found;
}

/** @param {readonly Chunk[]} chunks */
function writeChunks(chunks) {
  const parts = [Uint8Array.from(SIGNATURE)];
  for (const { kind, data } of chunks) {
    const chunk = new Uint8Array(12 + data.length);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, data.length);
    chunk.set([...kind].map((letter) => letter.charCodeAt(0)), 4);
    chunk.set(data, 8);
    view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)));
    parts.push(chunk);
  }
  return join(parts);
}

/** @param {readonly Uint8Array[]} parts */
function join(parts) {
  const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

/** @param {Uint8Array} data @param {CompressionStream | DecompressionStream} stream */
async function throughStream(data, stream) {
  const response = new Response(new Blob([/** @type {BlobPart} */ (data)]).stream().pipeThrough(stream));
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * What was compressed, if it has exactly so many bytes, else null; more are never held, however many there would be.
 * @param {Uint8Array} data @param {number} length
 */
async function inflate(data, length) {
  const plain = new Uint8Array(length);
  let place = 0;
  try {
    const stream = new Blob([/** @type {BlobPart} */ (data)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const reader = stream.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      if (place + read.value.length > length) {
        await reader.cancel();
        return null;
      }
      plain.set(read.value, place);
      place += read.value.length;
    }
  } catch {
    return null;
  }
  return place === length ? plain : null;
}

/**
 * The rows as they were before each was written as differences (PNG, section 9.2); null for a filter that is none.
 * Pixels of a table have at most a byte, so the byte to the left is one byte away.
 * @param {Uint8Array} plain @param {number} row @param {number} height
 */
function unfilter(plain, row, height) {
  const rows = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    const filter = plain[y * (row + 1)];
    if (filter > 4) return null;
    for (let x = 0; x < row; x++) {
      const left = x ? rows[y * row + x - 1] : 0;
      const above = y ? rows[(y - 1) * row + x] : 0;
      const corner = x && y ? rows[(y - 1) * row + x - 1] : 0;
      const guess = [0, left, above, (left + above) >> 1, predict(left, above, corner)][filter];
      rows[y * row + x] = plain[y * (row + 1) + 1 + x] + guess;
    }
  }
  return rows;
}

/** The neighbour nearest to left + above - corner (PNG, section 9.4). @param {number} left @param {number} above @param {number} corner */
function predict(left, above, corner) {
  const guess = left + above - corner;
  const [byLeft, byAbove, byCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (byLeft <= byAbove && byLeft <= byCorner) return left;
  return byAbove <= byCorner ? above : corner;
}

/** Numbers of 1, 2 or 4 bits, one a byte. @param {Uint8Array} rows @param {number} width @param {number} height @param {number} depth */
function spread(rows, width, height, depth) {
  const wide = new Uint8Array(width * height);
  const row = Math.ceil((width * depth) / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      wide[y * width + x] = (rows[y * row + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  }
  return wide;
}
