// Join a room and measure the round-trip time to its host, which echoes every message.
// `#relay=ws://HOST:PORT&code=CODE` in the address of the page starts at once.

import { HOST, joinRoom } from "./packhorse.js";

const COUNT = 20;
const INTERVAL = 100; // milliseconds
const PATIENCE = 1000; // milliseconds to wait for the last echoes

const form = document.querySelector("form");
const output = document.querySelector("output");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(form.relay.value, form.code.value);
});

const preset = new URLSearchParams(location.hash.slice(1));
if (preset.has("code")) {
  form.relay.value = preset.get("relay") ?? form.relay.value;
  form.code.value = preset.get("code");
  form.requestSubmit();
}

async function run(relay, code) {
  output.textContent = "Joining ...";
  try {
    const room = await joinRoom(relay, code);
    output.textContent = `In the room as peer ${room.peer}.`;
    const rtts = await ping(room);
    await room.leave();
    report({ peer: room.peer, sent: COUNT, received: rtts.length, median: median(rtts) });
  } catch (error) {
    output.textContent = error.message;
    document.body.dataset.result = JSON.stringify({ error: error.message });
  }
}

async function ping(room) {
  const sentAt = new Map();
  const rtts = [];
  room.addEventListener("message", ({ source, data }) => {
    const number = data[0];
    if (source !== HOST || !sentAt.has(number)) return;
    rtts.push(performance.now() - sentAt.get(number));
    sentAt.delete(number);
  });
  for (let number = 0; number < COUNT; number++) {
    sentAt.set(number, performance.now());
    room.send(Uint8Array.of(number, ...new Array(63).fill(0)), HOST);
    await pause(INTERVAL);
  }
  const deadline = performance.now() + PATIENCE;
  while (sentAt.size > 0 && performance.now() < deadline) await pause(10);
  return rtts;
}

function report(result) {
  const { peer, sent, received, median } = result;
  const rtt = median === null ? "" : `\nRTT to the host, median: ${median.toFixed(1)} ms`;
  output.textContent = `As peer ${peer}: ${sent} pings sent, ${received} came back.${rtt}`;
  document.body.dataset.result = JSON.stringify(result);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.floor(sorted.length / 2)];
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
