// The msgpack profile of control messages (SPEC.md section 3): maps with small integer keys.
// Values: null, booleans, integers, strings, Uint8Array, arrays, Map.

const MAX_DEPTH = 4;
const MAX_ITEMS = 64;
const MAX_NODES = 256;
const MAX_TEXT = 256; // bytes
const MAX_BYTES = 1180;
const MAX_KEY = 127;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Return the bytes of a value. Keys of a Map must ascend. */
export function encode(value) {
  const out = [];
  write(out, value);
  return Uint8Array.from(out);
}

/** Return the value that `bytes` holds, all of them; throws on anything outside the profile. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  const again = encode(value); // every value has one encoding: longer ones are refused
  const isSame = again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
  if (!isSame) throw new Error("longer than needed");
  return value;
}

function write(out, value) {
  if (value === null) out.push(0xc0);
  else if (typeof value === "boolean") out.push(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") writeInteger(out, value);
  else if (typeof value === "string") writeText(out, encoder.encode(value));
  else if (value instanceof Uint8Array) writeBytes(out, value);
  else if (value instanceof Map) writeMap(out, value);
  else writeArray(out, value);
}

function writeInteger(out, value) {
  if (value < 0) writeNegative(out, value);
  else if (value < 0x80) out.push(value);
  else if (value < 0x100) out.push(0xcc, value);
  else if (value < 0x10000) out.push(0xcd, ...bigEndian(value, 2));
  else out.push(0xce, ...bigEndian(value, 4));
}

function writeNegative(out, value) {
  if (value >= -0x20) out.push(0x100 + value);
  else if (value >= -0x80) out.push(0xd0, 0x100 + value);
  else if (value >= -0x8000) out.push(0xd1, ...bigEndian(0x10000 + value, 2));
  else out.push(0xd2, ...bigEndian(0x100000000 + value, 4));
}

function writeText(out, bytes) {
  if (bytes.length < 32) out.push(0xa0 | bytes.length);
  else if (bytes.length < 0x100) out.push(0xd9, bytes.length);
  else out.push(0xda, ...bigEndian(bytes.length, 2));
  out.push(...bytes);
}

function writeBytes(out, bytes) {
  if (bytes.length < 0x100) out.push(0xc4, bytes.length);
  else out.push(0xc5, ...bigEndian(bytes.length, 2));
  out.push(...bytes);
}

function writeArray(out, items) {
  if (items.length < 16) out.push(0x90 | items.length);
  else out.push(0xdc, ...bigEndian(items.length, 2));
  for (const item of items) write(out, item);
}

function writeMap(out, map) {
  if (map.size < 16) out.push(0x80 | map.size);
  else out.push(0xde, ...bigEndian(map.size, 2));
  for (const [key, value] of map) {
    writeInteger(out, key);
    write(out, value);
  }
}

function bigEndian(value, size) {
  return Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** (size - 1 - i)) % 256);
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.nodes = 0;
  }

  take(size) {
    if (size > this.bytes.length - this.at) throw new Error("truncated");
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  unsigned(size) {
    return this.take(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Return a number of two's complement. */
  signed(size) {
    const value = this.unsigned(size);
    return value < 256 ** size / 2 ? value : value - 256 ** size;
  }

  value(depth) {
    this.nodes += 1;
    if (this.nodes > MAX_NODES) throw new Error("too many nodes");
    const first = this.unsigned(1);
    if (first < 0x80) return first;
    if (first < 0x90) return this.map(first & 0x0f, depth);
    if (first < 0xa0) return this.array(first & 0x0f, depth);
    if (first < 0xc0) return this.text(first & 0x1f);
    if (first >= 0xe0) return first - 0x100;
    return this.longer(first, depth);
  }

  longer(first, depth) {
    switch (first) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.binary(this.unsigned(1));
      case 0xc5: return this.binary(this.unsigned(2));
      case 0xcc: return this.unsigned(1);
      case 0xcd: return this.unsigned(2);
      case 0xce: return this.unsigned(4);
      case 0xd0: return this.signed(1);
      case 0xd1: return this.signed(2);
      case 0xd2: return this.signed(4);
      case 0xd9: return this.text(this.unsigned(1));
      case 0xda: return this.text(this.unsigned(2));
      case 0xdc: return this.array(this.unsigned(2), depth);
      case 0xde: return this.map(this.unsigned(2), depth);
      default: throw new Error("not in the profile");
    }
  }

  binary(size) {
    if (size > MAX_BYTES) throw new Error("too long");
    return this.take(size).slice();
  }

  text(size) {
    if (size > MAX_TEXT) throw new Error("too long");
    const value = decoder.decode(this.take(size));
    if (value.includes("\0")) throw new Error("U+0000");
    return value;
  }

  array(count, depth) {
    this.check(count, depth);
    return Array.from({ length: count }, () => this.value(depth + 1));
  }

  map(count, depth) {
    this.check(count, depth);
    const map = new Map();
    let last = -1;
    for (let i = 0; i < count; i++) {
      const key = this.value(depth + 1);
      if (!Number.isInteger(key) || key <= last || key > MAX_KEY) throw new Error("bad key");
      map.set(key, this.value(depth + 1));
      last = key;
    }
    return map;
  }

  check(count, depth) {
    if (depth >= MAX_DEPTH || count > MAX_ITEMS) throw new Error("too large");
  }
}
