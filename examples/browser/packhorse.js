// A member of a Packhorse room in a browser, over WebSocket. Plain JavaScript, no dependencies.
//
//   const room = await joinRoom("ws://relay.example:6969", "K7QM-2XPA");
//   room.addEventListener("message", (event) => console.log(event.source, event.data));
//   room.send(new TextEncoder().encode("hello"), HOST);
//
// It sends and takes DATA: messages of at most `room.maxPayload` bytes, each of which arrives
// once or not at all. The delivery layer (SPEC.md section 16) is not here: what others send in
// the reliable modes is ignored. The HMAC of the browser needs a page from https or localhost.

import { decode, encode } from "./msgpack.js";

export const HOST = 1;
export const EVERYBODY = 0;

const DATA = 0xa4, CTRL = 0xa5, SEAL = 0xa6; // first byte, SPEC.md 2.1
const HEADER = 6, MAC = 16; // bytes
const HELLO_SIZE = 256, MAX_DATAGRAM = 1200; // bytes, SPEC.md 5.1 and 10.1
const HELLO = 1, CHALLENGE = 2, JOIN = 4, GRANT = 5, ERROR = 6, NUDGE = 7; // SPEC.md 4.1
const PING = 16, PONG = 17, SYNC = 18, EVENTS = 19, ROSTER = 20, LEAVE = 21;
const CLOSED = 24, PATH_CHALLENGE = 25, PATH_RESPONSE = 26;
const JOINED_EVENT = 1, LEFT_EVENT = 2; // SPEC.md 7.1
const REPLAY_WINDOW = 64, EARLY_DATA = 64;
const JOIN_WITHIN = 5000, SYNC_EVERY = 500; // milliseconds

/** Join a room; `code` as a person typed it. Rejects with an Error that says what went wrong. */
export async function joinRoom(relay, code) {
  const socket = await open(relay);
  const room = new Room(socket);
  try {
    await within(JOIN_WITHIN, room.join(canonical(code)));
  } catch (error) {
    socket.close();
    throw error;
  }
  return room;
}

/** Return the code in the form that it has on the wire (SPEC.md 5.5). */
export function canonical(code) {
  const typed = code.trim().replace(/[- \u2010-\u2015\u2212\u00a0\u202f]/g, "");
  if (!/^[0-9A-TV-Za-tv-z]{8}$/.test(typed)) throw new Error("this is no room code");
  return typed.toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1");
}

/**
 * One membership. Events: "message" (`source`, `data`), "peerjoined" and "peerleft" (`peer`),
 * "closed" (`code`: 0 left, else an error code of SPEC.md section 13, or null: connection lost).
 */
export class Room extends EventTarget {
  /** Use `joinRoom`. */
  constructor(socket) {
    super();
    this.peers = new Set(); // ids of all members but this one
    this.rtt = null; // milliseconds to the relay and back
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(new Uint8Array(event.data));
    socket.onclose = () => this.#end(null);
  }

  #socket;
  #waiting = null; // transaction and the two ends of its promise
  #restarts = new Map(); // of peers, by id
  #roster = null; // resolves when the first roster is complete
  #keys = null;
  #seq = 1;
  #seen = new Set(); // sequence numbers of SEAL
  #highest = 0;
  #rev = 0;
  #pages = new Map();
  #early = []; // data of peers that are not known yet
  #order = Promise.resolve(); // SEAL is checked one after the other
  #pings = new Map();
  #timers = [];
  #hasEnded = false;

  async join(code) {
    const offer = [[1, 1], [2, 1], [3, 1 << 24], [4, random(16)]];
    const challenge = await this.#ask(new Map([[0, HELLO], ...offer]), HELLO_SIZE);
    const cookie = challenge.get(5);
    const wish = [[0, JOIN], ...offer, [5, cookie], [6, MAX_DATAGRAM], [9, code]];
    await this.#enter(await this.#ask(new Map(wish)));
  }

  /** Send bytes to a peer, or to EVERYBODY. */
  send(data, to) {
    if (data.length < 1 || data.length > this.maxPayload) throw new RangeError("size of message");
    this.#socket.send(datagram(DATA, this.tag, to >>> 0, data));
  }

  /** Leave the room. */
  async leave() {
    await this.#seal(LEAVE, []);
    this.#end(0);
  }

  // Joining.

  #ask(message, size = 0) {
    const transaction = new DataView(random(4).buffer).getUint32(0) || 1;
    const answer = new Promise((resolve, reject) => {
      this.#waiting = { transaction, resolve, reject };
    });
    this.#socket.send(datagram(CTRL, 0, transaction, padded(message, size)));
    return answer;
  }

  async #enter(grant) {
    this.session = grant.get(11);
    this.tag = grant.get(12);
    this.peer = grant.get(14);
    this.maxPayload = grant.get(6) - HEADER;
    this.#keys = await directionKeys(grant.get(13));
    const roster = new Promise((resolve) => (this.#roster = resolve));
    this.#timers.push(setInterval(() => this.#ping(), grant.get(16)));
    this.#timers.push(setInterval(() => this.#rev === 0 && this.#sync(), SYNC_EVERY));
    await this.#ping();
    await roster;
  }

  // Sending SEAL (SPEC.md section 6).

  async #seal(type, fields) {
    const seq = this.#seq++;
    const body = encode(new Map([[0, type], [1, seq], ...fields]));
    const signed = datagram(SEAL, this.tag, this.session, body);
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", this.#keys.out, signed));
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(joined(signed, mac.subarray(0, MAC)));
    }
    return seq;
  }

  async #ping() {
    const sentAt = performance.now();
    this.#pings.set(await this.#seal(PING, [[2, new Uint8Array(16)]]), sentAt);
    if (this.#pings.size > 32) this.#pings.delete(this.#pings.keys().next().value);
  }

  #sync() {
    return this.#seal(SYNC, [[6, this.#rev]]);
  }

  // Receiving.

  #receive(bytes) {
    if (bytes.length <= HEADER) return;
    const word = view(bytes).getUint32(2);
    if (bytes[0] === CTRL) this.#receiveCtrl(word, bytes.subarray(HEADER));
    else if (bytes[0] === SEAL && bytes[1] === this.tag && word === this.session) {
      this.#order = this.#order.then(() => this.#receiveSeal(bytes)).catch(() => {});
    } else if (bytes[0] === DATA && bytes[1] === this.tag) {
      this.#order = this.#order.then(() => this.#take(word & 0x7fffffff, bytes.slice(HEADER)));
    }
  }

  #receiveCtrl(transaction, body) {
    const message = parsed(body);
    if (message === null) return;
    if (message.get(0) === NUDGE && this.#keys !== null) this.#ping();
    if (this.#waiting === null || transaction !== this.#waiting.transaction) return;
    const { resolve, reject } = this.#waiting;
    if (message.get(0) === ERROR) reject(new Error(`the relay answers error ${message.get(20)}`));
    else if ([CHALLENGE, GRANT].includes(message.get(0))) resolve(message);
  }

  async #receiveSeal(bytes) {
    const signed = bytes.slice(0, -MAC);
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", this.#keys.in, signed));
    if (!sameBytes(mac.subarray(0, MAC), bytes.subarray(-MAC))) return;
    const message = parsed(signed.subarray(HEADER));
    if (message !== null && this.#isFresh(message.get(1))) await this.#act(message);
  }

  #isFresh(seq) {
    if (seq <= this.#highest - REPLAY_WINDOW || this.#seen.has(seq)) return false;
    this.#highest = Math.max(this.#highest, seq);
    this.#seen.add(seq);
    for (const old of this.#seen) if (old <= this.#highest - REPLAY_WINDOW) this.#seen.delete(old);
    return true;
  }

  async #act(message) {
    switch (message.get(0)) {
      case PONG: return this.#pong(message);
      case EVENTS: return this.#applyEvents(message.get(7));
      case ROSTER: return this.#applyPage(message);
      case CLOSED: return this.#end(message.get(20));
      case PATH_CHALLENGE: return this.#seal(PATH_RESPONSE, [[14, message.get(14)]]);
    }
  }

  #pong(message) {
    const sentAt = this.#pings.get(message.get(3));
    if (sentAt !== undefined) this.rtt = performance.now() - sentAt;
    if (message.get(4) > this.#rev) return this.#sync();
  }

  // Who is in the room (SPEC.md section 7).

  #applyEvents(events) {
    for (const [rev, kind, peer, code] of events) {
      if (rev > this.#rev + 1) return this.#sync();
      if (rev <= this.#rev || this.#rev === 0) continue;
      this.#rev = rev;
      if (kind === JOINED_EVENT) this.#add(peer, code);
      if (kind === LEFT_EVENT) this.#remove(peer);
    }
    this.#takeEarly();
  }

  #applyPage(message) {
    const rev = message.get(4);
    if (rev < this.#rev || message.get(8) >= message.get(9)) return;
    if (this.#pages.rev !== rev) this.#pages = Object.assign(new Map(), { rev });
    this.#pages.set(message.get(8), message.get(10));
    if (this.#pages.size < message.get(9)) return;
    const now = new Map([...this.#pages.values()].flat().map(([peer, state]) => [peer, state >> 1]));
    this.#rev = rev;
    for (const peer of [...this.peers]) if (!now.has(peer)) this.#remove(peer);
    for (const [peer, restarts] of now) this.#add(peer, restarts);
    this.#takeEarly();
    this.#roster();
  }

  #add(peer, restarts) {
    if (peer === this.peer) return;
    if (this.#restarts.get(peer) !== restarts) this.#remove(peer); // its program is another one now
    if (this.peers.has(peer)) return;
    this.peers.add(peer);
    this.#restarts.set(peer, restarts);
    this.#tell("peerjoined", { peer });
  }

  #remove(peer) {
    if (this.peers.delete(peer)) this.#tell("peerleft", { peer });
  }

  #take(source, data) {
    if (this.peers.has(source)) this.#tell("message", { source, data });
    else if (this.#early.length < EARLY_DATA) this.#early.push([source, data]);
  }

  #takeEarly() {
    const early = this.#early;
    this.#early = [];
    for (const [source, data] of early) {
      if (this.peers.has(source)) this.#tell("message", { source, data });
    }
  }

  #end(code) {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timers.forEach(clearInterval);
    this.#waiting?.reject(new Error("the relay closed the connection"));
    this.#socket.close();
    this.#tell("closed", { code });
  }

  #tell(name, fields) {
    this.dispatchEvent(Object.assign(new Event(name), fields));
  }
}

// The pieces of a datagram.

function datagram(firstByte, tag, word, body) {
  const header = new Uint8Array(HEADER);
  header[0] = firstByte;
  header[1] = tag;
  view(header).setUint32(2, word);
  return joined(header, body);
}

/** Return a message with as much padding (key 10) as brings its datagram to `size` bytes. */
function padded(message, size) {
  const room = size - HEADER - encode(message).length - 3; // key, type and length of the padding
  return encode(room > 0 ? new Map([...message, [10, new Uint8Array(room)]]) : message);
}

function parsed(body) {
  try {
    const message = decode(body);
    return message instanceof Map ? message : null;
  } catch {
    return null;
  }
}

async function directionKeys(sessionKey) {
  const session = await hmacKey(sessionKey);
  const derive = async (label) => {
    const bytes = new TextEncoder().encode(`packhorse.v1 ${label}`);
    return hmacKey(await crypto.subtle.sign("HMAC", session, bytes));
  };
  return { out: await derive("member to relay"), in: await derive("relay to member") };
}

function hmacKey(bytes) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
}

function sameBytes(one, other) {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function view(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function random(size) {
  return crypto.getRandomValues(new Uint8Array(size));
}

// The connection.

// The port is 6969 unless it is given, with wss:// too; URL leaves out a port 443 that was given.
export function relayUrl(relay) {
  const url = new URL(relay);
  const hasPort = /^wss?:\/\/(\[[^\]]*\]|[^/:?#]*):\d/i.test(relay.trim());
  if (!hasPort) url.port = "6969";
  if (url.pathname === "/") url.pathname = "/v1";
  return url;
}

function open(relay) {
  const url = relayUrl(relay);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, "packhorse.v1");
    socket.binaryType = "arraybuffer";
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error(`${url} cannot be reached`));
  });
}

function within(milliseconds, work) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the relay does not answer")), milliseconds);
  });
  return Promise.race([work, late]);
}
