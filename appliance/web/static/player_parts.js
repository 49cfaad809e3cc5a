// Parts of a recording: silence skipped, a part repeated, a part saved as a file of its own, marks with a note. The recording itself is
// never changed: a saved part is made here, from what is heard, under another name, after the register has its entry.

import { audio, clock, draw, jump, overlays, player, seconds } from "./player.js";

const SILENT = 9; // of 255: below it nobody speaks
const SHORTEST_S = 1.2;
const EDGE_S = 0.25;
const parts = player.querySelector(".parts");
const [skip, loop] = [parts.querySelector("[name=skip]"), parts.querySelector("[name=loop]")];
const cutting = parts.querySelector("[data-part=cut]");
const marking = parts.querySelector(".marking");
const list = player.querySelector(".marks");
const base = `/calls/${player.dataset.call}`;
const part = { begin: null, end: null };
let silences = [];
let marks = [];

// Spans in which neither side speaks, from the outline's peaks.
function silentSpans([left, right]) {
  const found = [];
  const step = seconds / Math.max(left.length, 1);
  let begin = null;
  for (let index = 0; index <= left.length; index += 1) {
    const quiet = index < left.length && Math.max(left[index], right[index] ?? 0) < SILENT;
    if (quiet && begin === null) begin = index * step;
    if (!quiet && begin !== null) {
      if (index * step - begin >= SHORTEST_S) found.push([begin + EDGE_S, index * step - EDGE_S]);
      begin = null;
    }
  }
  return found;
}

function whole() {
  return part.begin !== null && part.end !== null && part.end - part.begin > 0.05;
}

function set(edge) {
  part[edge] = audio.currentTime;
  if (part.begin !== null && part.end !== null && part.end < part.begin) [part.begin, part.end] = [part.end, part.begin];
  parts.querySelector(".part").textContent = [part.begin, part.end].map((at) => (at === null ? "–" : clock(at))).join(" – ");
  loop.disabled = !whole();
  if (cutting) cutting.disabled = !whole();
  draw();
}

function follow() {
  if (loop.checked && whole() && (audio.currentTime >= part.end || audio.currentTime < part.begin - 0.3)) jump(part.begin);
  if (skip.checked) {
    const span = silences.find(([begin, end]) => audio.currentTime >= begin && audio.currentTime < end);
    if (span) jump(span[1]);
  }
  if (!audio.paused) requestAnimationFrame(follow);
}

overlays.push((pen, style, width, height) => {
  const x = (at) => (at / seconds) * width;
  if (part.begin !== null) {
    pen.globalAlpha = 0.22;
    pen.fillStyle = style.getPropertyValue("--accent");
    pen.fillRect(x(part.begin), 0, Math.max(x(part.end ?? part.begin) - x(part.begin), 2), height);
    pen.globalAlpha = 1;
  }
  pen.fillStyle = style.getPropertyValue("--bad");
  for (const mark of marks) {
    pen.beginPath();
    pen.moveTo(x(mark.seconds) - 5, 0);
    pen.lineTo(x(mark.seconds) + 5, 0);
    pen.lineTo(x(mark.seconds), 9);
    pen.fill();
  }
});

function form(values) {
  const made = new FormData();
  made.set("csrf", player.dataset.csrf);
  for (const [name, value] of Object.entries(values)) made.set(name, value);
  return made;
}

async function send(path, values) {
  const answer = await fetch(base + path, { method: "POST", body: form(values), headers: { Accept: "text/plain" }, redirect: "manual" });
  if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error(await answer.text());
  return answer;
}

function row(mark) {
  const item = document.createElement("li");
  const go = document.createElement("button");
  go.type = "button";
  go.textContent = clock(mark.seconds);
  go.addEventListener("click", () => jump(mark.seconds));
  const text = document.createElement("span");
  text.textContent = `${mark.note} (${mark.who})`;
  item.append(go, text);
  if (list.dataset.may) {
    const away = document.createElement("button");
    away.type = "button";
    away.className = "quiet";
    away.textContent = list.dataset.remove;
    away.addEventListener("click", async () => {
      await send("/marks", { remove: mark.id });
      await load();
    });
    item.append(away);
  }
  return item;
}

async function load() {
  const answer = await fetch(`${base}/marks`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  marks = await answer.json();
  list.replaceChildren(...marks.map(row));
  list.hidden = marks.length === 0;
  draw();
}

// 16-bit PCM, as many channels and samples a second as the recording has.
function wav(sound, begin, end) {
  const channels = [...Array(sound.numberOfChannels).keys()].map((index) => sound.getChannelData(index).subarray(begin, end));
  const bytes = (end - begin) * channels.length * 2;
  const view = new DataView(new ArrayBuffer(44 + bytes));
  const words = (at, text) => [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  words(0, "RIFF");
  view.setUint32(4, 36 + bytes, true);
  words(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels.length, true);
  view.setUint32(24, sound.sampleRate, true);
  view.setUint32(28, sound.sampleRate * channels.length * 2, true);
  view.setUint16(32, channels.length * 2, true);
  view.setUint16(34, 16, true);
  words(36, "data");
  view.setUint32(40, bytes, true);
  let at = 44;
  for (let index = 0; index < end - begin; index += 1) {
    for (const channel of channels) {
      view.setInt16(at, Math.max(-1, Math.min(1, channel[index])) * 0x7fff, true);
      at += 2;
    }
  }
  return new Blob([view], { type: "audio/wav" });
}

async function cut() {
  const trouble = player.querySelector(".error");
  try {
    const { name } = await (await send("/excerpt", { begin: part.begin, end: part.end })).json();
    const rate = Number(player.dataset.rate);
    const held = await (await fetch(`${base}/audio`)).arrayBuffer();
    const sound = await new OfflineAudioContext(2, 1, rate).decodeAudioData(held);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(wav(sound, Math.floor(part.begin * rate), Math.min(Math.floor(part.end * rate), sound.length)));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    trouble.hidden = true;
  } catch {
    trouble.hidden = false;
  }
}

const KEYS = {
  "[": () => set("begin"),
  "]": () => set("end"),
  p: () => !loop.disabled && loop.click(),
  s: () => skip.click(),
  m: () => marking?.querySelector("[name=note]").focus(),
};

document.addEventListener("keydown", (event) => {
  const busy = event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea, summary");
  const action = KEYS[event.key.toLowerCase()];
  if (!action || busy || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});
player.addEventListener("outline", (event) => {
  silences = silentSpans(event.detail);
});
audio.addEventListener("play", follow);
parts.querySelector("[data-part=begin]").addEventListener("click", () => set("begin"));
parts.querySelector("[data-part=end]").addEventListener("click", () => set("end"));
cutting?.addEventListener("click", cut);
marking?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = marking.querySelector("[name=note]");
  await send("/marks", { seconds: audio.currentTime, note: field.value });
  field.value = "";
  field.blur();
  await load();
});
parts.hidden = false;
load();
