"use strict";

const KEEP = 300; // samples on a graph: five minutes
const PERIOD = 1000; // milliseconds between questions
const LOCKOUT = 31000; // milliseconds after too many wrong tokens
const PATIENCE = 4000; // milliseconds for an answer
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300, HEIGHT = 60;

const byId = (id) => document.getElementById(id);
const samples = {};
let last = 0, startedAt = null, token = sessionStorage.getItem("token") || "";
let revealed = false, open = new Set(), shown = {};

const count = (value) => value.toLocaleString("en");

// At most three digits behind which nothing is hidden: 0.67, 31.8, 213.
function figure(value) {
  if (Number.isInteger(value) || value >= 100) return count(Math.round(value));
  return value.toFixed(value < 10 ? 2 : 1);
}

// Series, title, unit, how many of it, the least height of the axis, what stands below.
const CARDS = [
  ["members", "Members", "", 1, 5, (s) => `of ${count(s.max_members)}`],
  ["rooms", "Rooms", "", 1, 5, (s) => `of ${count(s.max_rooms)}`],
  ["connections", "WebSocket", "connections", 1, 5, (s) => s.websocket ? `${s.websocket}, ${count(total(s.connection_ends))} ended` : "off"],
  ["forwarded", "Forwarded", "datagrams/s", 1, 10, (s) => `${count(s.forwarded)} in all`],
  ["octets", "Sent", "KiB/s", 1 / 1024, 10, (s) => `${size(s.octets)} in all`],
  ["dropped", "Dropped", "datagrams/s", 1, 10, (s) => `${count(total(s.drops))} in all`],
  ["rtt", "RTT of members", "ms", 1000, 1, () => "median"],
  ["lag", "Event loop late by", "ms", 1000, 5, () => "worst of a second"],
  ["cpu", "CPU", "% of a core", 100, 5, () => "this process"],
  ["rss", "Memory", "MiB", 1 / 1048576, 10, () => "this process"],
];

// Bytes with a unit: 812 B, 3.42 KiB, 1.2 GiB.
function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${figure(bytes / 1024 ** step)} ${units[step]}`;
}

const total = (counts) => Object.values(counts).reduce((sum, each) => sum + each, 0);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

class Card {
  constructor([series, title, unit, scale, floor, detail]) {
    Object.assign(this, { series, scale, floor, detailOf: detail, pointed: null, samples: [] });
    this.value = element("span", {}, "–");
    this.detail = element("span", {});
    this.top = element("span", { title: "height of the graph" });
    this.svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": title });
    this.area = shape("path", { class: "area" });
    this.curve = shape("path", { class: "curve" });
    this.cursor = shape("line", { class: "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" });
    const rules = [0.5, HEIGHT / 2, HEIGHT - 0.5].map((y) => shape("line", { class: "rule", x1: 0, x2: WIDTH, y1: y, y2: y }));
    this.svg.append(...rules, this.area, this.curve, this.cursor);
    const graph = element("div", { class: "graph" }, this.svg);
    graph.addEventListener("pointermove", (event) => this.point(event));
    graph.addEventListener("pointerdown", (event) => this.point(event));
    graph.addEventListener("pointerleave", () => { this.pointed = null; this.draw(); });
    const times = element("div", { class: "times" }, element("span", {}, "5 min ago"), element("span", {}, "now"));
    this.root = element("article", { class: "card" },
      element("div", { class: "name" }, title),
      element("div", { class: "value" }, this.value, element("span", { class: "unit" }, unit)),
      element("div", { class: "detail" }, this.detail, this.top), graph, times);
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    const fraction = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.pointed = Math.round((1 - fraction) * (KEEP - 1));
    this.draw();
  }

  show(status, samples) {
    this.samples = samples.map((value) => value === null ? null : value * this.scale);
    this.below = this.detailOf(status);
    this.draw();
  }

  draw() {
    const { samples } = this, known = samples.filter((value) => value !== null);
    const highest = niceAbove(Math.max(this.floor, ...known));
    this.top.textContent = known.length ? `0–${figure(highest)}` : "";
    const parts = runs(samples).map((run) => run.map(([index, value]) =>
      `${WIDTH * (KEEP - samples.length + index) / (KEEP - 1)},${HEIGHT - HEIGHT * value / highest}`));
    this.curve.setAttribute("d", parts.map((points) => "M" + points.join("L")).join(""));
    this.area.setAttribute("d", parts.map(closed).join(""));
    this.label(samples);
  }

  label(samples) {
    const index = samples.length - 1 - (this.pointed ?? 0), value = samples[index] ?? null;
    this.value.textContent = value === null ? "–" : figure(value);
    this.cursor.setAttribute("visibility", this.pointed === null ? "hidden" : "visible");
    const x = WIDTH * (KEEP - 1 - (this.pointed ?? 0)) / (KEEP - 1);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.detail.textContent = this.pointed === null ? this.below ?? "" : `${this.pointed} s ago`;
  }
}

function closed(points) {
  const x = (point) => point.split(",")[0];
  return `M${x(points[0])},${HEIGHT}L${points.join("L")}L${x(points.at(-1))},${HEIGHT}Z`;
}

// Stretches of samples without a gap, as [index, value].
function runs(samples) {
  const found = [];
  samples.forEach((value, index) => {
    if (value === null) return;
    if (index === 0 || samples[index - 1] === null) found.push([]);
    found.at(-1).push([index, value]);
  });
  return found;
}

// The next of 1, 2, 5, 10, 20, ... that is not below the value.
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}

function duration(seconds) {
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${Math.floor(seconds) % 60} s` : `${Math.floor(seconds)} s`;
}

function table(columns, rows) {
  const cell = (name, text, index) => element(name, columns[index][1] ? { class: "number" } : {}, text);
  const head = element("tr", {}, ...columns.map(([title], index) => cell("th", title, index)));
  const body = rows.map((row) => element("tr", {}, ...row.map((text, index) => cell("td", text, index))));
  return element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}

function roomView(room) {
  const lost = room.members.filter((member) => member.state === "lost").length;
  const summary = element("summary", {},
    element("span", { class: "label" }, room.code ?? `room ${room.label}`),
    element("span", {}, `${room.count} of ${room.max} members`),
    element("span", { class: "quiet" }, room.topology + (lost ? `, ${lost} lost` : "")),
    element("span", { class: "rate" }, `${figure(room.datagrams)} datagrams/s`),
    element("span", { class: "rate" }, `${size(room.octets)}/s`));
  const columns = [["peer", true], ["state"], ["RTT", true], ["heard", true], ["address"]];
  const rows = room.members.map((member) => [
    member.peer === 1 ? "1 (host)" : String(member.peer), member.state,
    member.rtt === null ? "–" : `${figure(member.rtt * 1000)} ms`, `${member.heard.toFixed(0)} s ago`, member.address]);
  if (room.count > room.members.length) rows.push(["", `and ${room.count - room.members.length} more`, "", "", ""]);
  const view = element("details", open.has(room.label) ? { open: "" } : {}, summary, table(columns, rows));
  view.addEventListener("toggle", () => view.open ? open.add(room.label) : open.delete(room.label));
  return view;
}

function showRooms(status) {
  open = new Set(status.room_list.map((room) => room.label).filter((label) => open.has(label)));
  const views = status.room_list.map(roomView);
  if (!views.length) views.push(element("p", { class: "quiet" }, "No rooms are open."));
  if (status.rooms_left_off) views.push(element("p", { class: "quiet" }, `and ${count(status.rooms_left_off)} smaller rooms`));
  const focused = document.activeElement?.closest?.("#rooms details");
  const label = focused?.querySelector(".label")?.textContent;
  byId("rooms").replaceChildren(...views);
  if (label) views.find((view) => view.querySelector(".label")?.textContent === label)?.firstChild.focus();
}

// A bar for each reason: how often in all, and how often a second since the last answer.
function showReasons(id, counts, seconds) {
  const before = shown[id] ?? counts, most = Math.max(1, ...Object.values(counts));
  shown[id] = counts;
  const bars = Object.entries(counts).map(([reason, value]) => {
    const bar = element("i"), rate = (value - (before[reason] ?? 0)) / Math.max(1, seconds);
    bar.style.width = `${100 * value / most}%`;
    const now = element("span", { class: "quiet number" }, rate > 0 ? `${figure(rate)}/s` : "");
    return element("div", { class: "bar" }, element("span", {}, reason), bar, now, element("b", { class: "number" }, count(value)));
  });
  byId(id).replaceChildren(...(bars.length ? bars : [element("p", { class: "quiet" }, "None.")]));
}

const cards = CARDS.map((each) => new Card(each));
byId("cards").append(...cards.map((card) => card.root));

function setState(text, kind) {
  const state = byId("state");
  if (state.textContent !== text) state.textContent = text; // said aloud only when it changes
  state.className = `badge ${kind}`;
}

function show(status) {
  if (status.started_at !== startedAt) {
    const isFirst = startedAt === null;
    startedAt = status.started_at;
    shown = {};
    if (!isFirst) { last = 0; for (const each of Object.keys(samples)) samples[each] = []; return; }
  }
  const seconds = status.last - last;
  last = status.last;
  for (const [name, values] of Object.entries(status.samples)) {
    samples[name] = [...(samples[name] ?? []), ...values].slice(-KEEP);
  }
  for (const card of cards) card.show(status, samples[card.series] ?? []);
  const uptime = duration(Math.max(0, Date.now() / 1000 - status.started_at));
  byId("identity").textContent = `version ${status.version}, up ${uptime}, ${status.dataplane} data plane` +
    `${status.legacy ? ", legacy on" : ""}, UDP ${status.listening.join(" and ")}`;
  showRooms(status);
  showReasons("drops", status.drops, seconds);
  showReasons("ends", status.connection_ends, seconds);
  setState("running", "good");
}

function askForToken(text) {
  byId("login").hidden = false;
  byId("login-text").textContent = text;
  if (document.activeElement !== byId("token")) byId("token").focus();
}

function forgetToken() {
  token = "";
  sessionStorage.removeItem("token");
}

function setRevealed(wanted) {
  revealed = wanted;
  byId("reveal").setAttribute("aria-pressed", String(wanted));
  byId("reveal").textContent = wanted ? "Hide codes and addresses" : "Show codes and addresses";
}

// Returns the milliseconds until the next question; null: not before somebody enters a token.
async function ask() {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const path = `/api/status?since=${last}${revealed && token ? "&reveal=1" : ""}`;
  const answer = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (answer.status === 401 || answer.status === 429) {
    const text = answer.status === 429 ? "Too many wrong tokens: wait 30 s." : token ? "That token is wrong." : "This relay asks for its admin token.";
    forgetToken();
    setRevealed(false);
    askForToken(text);
    setState("locked", "wait");
    return answer.status === 401 ? null : LOCKOUT;
  }
  if (!answer.ok) throw new Error(`the relay answered ${answer.status}`);
  byId("login").hidden = !(revealed && !token);
  show(await answer.json());
  return PERIOD;
}

let timer = null, isAsking = false, shallAskAgain = false;

async function poll() {
  if (isAsking) {
    shallAskAgain = true;
    return;
  }
  clearTimeout(timer);
  isAsking = true;
  let pause = PERIOD;
  try {
    pause = await ask();
  } catch {
    setState("no answer", "bad");
  }
  isAsking = false;
  if (shallAskAgain) pause = 0;
  shallAskAgain = false;
  if (pause !== null) timer = setTimeout(poll, document.hidden ? Math.max(pause, 5 * PERIOD) : pause);
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  byId("token").value = "";
  sessionStorage.setItem("token", token);
  poll();
});
byId("reveal").addEventListener("click", () => {
  setRevealed(!revealed);
  if (revealed && !token) askForToken("Codes and addresses are shown to who has the admin token.");
  poll();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
poll();
