// The player of one recording: waveform of both sides, channel choice, speed, keyboard. Without it the page has a plain <audio>.

const player = document.querySelector("#player");
const audio = player.querySelector("audio");
const wave = player.querySelector(".wave");
const canvas = wave.querySelector("canvas");
const time = player.querySelector(".time");
const speed = player.querySelector("[name=speed]");
const seconds = Number(player.dataset.seconds);
audio.preservesPitch = true;
const RATES = [...speed.options].map((option) => Number(option.value));
let peaks = null;
let marks = [];
let pauses = [];
let graph = null;
const overlays = [];

function clock(value) {
  const whole = Math.floor(value);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

async function load() {
  const answer = await fetch(`/calls/${player.dataset.call}/waveform`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const found = await answer.json();
  peaks = [bytes(found.left), bytes(found.right)];
  marks = found.marks;
  pauses = found.pauses ?? [];
  player.dispatchEvent(new CustomEvent("outline", { detail: peaks }));
  draw();
}

function draw() {
  const style = getComputedStyle(document.documentElement);
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const played = (audio.currentTime / seconds) * width;
  const middles = [height / 4, (3 * height) / 4];
  ["--left", "--right"].forEach((token, side) => {
    pen.fillStyle = style.getPropertyValue(token);
    for (let x = 0; x < width; x += 3) {
      const size = peaks ? loudest(peaks[side], x / width, (x + 3) / width) * (height / 4 - 6) : 0;
      pen.globalAlpha = x < played ? 1 : 0.4;
      pen.fillRect(x, middles[side] - Math.max(size, 0.5), 2, Math.max(2 * size, 1));
    }
  });
  pen.globalAlpha = 1;
  silent(pen, style, width, height);
  pressed(pen, style, width, height);
  for (const overlay of overlays) overlay(pen, style, width, height);
  pen.fillStyle = style.getPropertyValue("--ink");
  pen.fillRect(Math.min(played, width - 1.5), 0, 1.5, height);
}

// Where recording was paused the outline is hatched, over both sides.
function silent(pen, style, width, height) {
  for (const pause of pauses) {
    const [begin, end] = [(pause.at / seconds) * width, ((pause.at + pause.seconds) / seconds) * width];
    pen.save();
    pen.beginPath();
    pen.rect(begin, 0, Math.max(end - begin, 2), height);
    pen.clip();
    pen.fillStyle = style.getPropertyValue("--warn-soft");
    pen.fillRect(begin, 0, width, height);
    pen.strokeStyle = style.getPropertyValue("--warn");
    pen.lineWidth = 1;
    pen.beginPath();
    for (let x = begin - height; x < end; x += 9) {
      pen.moveTo(x, height);
      pen.lineTo(x + height, 0);
    }
    pen.stroke();
    pen.restore();
  }
}

// Keys that were pressed stand on the line between the sides, each in the colour of its side.
function pressed(pen, style, width, height) {
  pen.font = `600 11px ${style.fontFamily}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const mark of marks) {
    const x = (mark.at / seconds) * width;
    pen.fillStyle = style.getPropertyValue(mark.side === "caller" ? "--left" : "--right");
    pen.fillRect(x - 0.5, mark.side === "caller" ? height / 4 : height / 2, 1, height / 4);
    pen.fillStyle = style.getPropertyValue("--hover");
    pen.fillRect(x - 6, height / 2 - 8, 12, 16);
    pen.fillStyle = style.getPropertyValue("--ink");
    pen.fillText(mark.key, x, height / 2 + 1);
  }
}

function loudest(row, from, to) {
  let most = 0;
  const end = Math.max(Math.floor(from * row.length) + 1, Math.floor(to * row.length));
  for (let index = Math.floor(from * row.length); index < end; index += 1) most = Math.max(most, row[index] ?? 0);
  return most / 255;
}

function show() {
  time.textContent = clock(audio.currentTime);
  canvas.setAttribute("aria-valuenow", audio.currentTime.toFixed(1));
  canvas.setAttribute("aria-valuetext", clock(audio.currentTime));
  player.classList.toggle("playing", !audio.paused);
  draw();
}

function follow() {
  show();
  if (!audio.paused) requestAnimationFrame(follow);
}

// The channels are chosen with Web Audio: both stays stereo; one side alone is heard in both ears.
function route(channel) {
  if (!graph) {
    if (channel === "both") return;
    const context = new AudioContext();
    const source = context.createMediaElementSource(audio);
    const splitter = context.createChannelSplitter(2);
    const merger = context.createChannelMerger(2);
    source.connect(splitter);
    merger.connect(context.destination);
    graph = { context, splitter, merger };
  }
  const { context, splitter, merger } = graph;
  context.resume();
  splitter.disconnect();
  const [left, right] = { both: [0, 1], left: [0, 0], right: [1, 1] }[channel];
  splitter.connect(merger, left, 0);
  splitter.connect(merger, right, 1);
}

function jump(to) {
  audio.currentTime = Math.min(Math.max(to, 0), seconds);
  show();
}

function play() {
  if (audio.paused) audio.play().catch((error) => error.name === "AbortError" || fail());
  else audio.pause();
}

function fail() {
  player.querySelector(".error").hidden = false;
}

function faster(step) {
  const place = RATES.indexOf(audio.playbackRate) + step;
  if (place < 0 || place >= RATES.length) return;
  audio.playbackRate = RATES[place];
  speed.value = String(RATES[place]);
}

function choose(channel) {
  player.querySelector(`[name=channel][value=${channel}]`).checked = true;
  route(channel);
}

const KEYS = {
  " ": play,
  ArrowLeft: () => jump(audio.currentTime - 5),
  ArrowRight: () => jump(audio.currentTime + 5),
  ArrowUp: () => faster(1),
  ArrowDown: () => faster(-1),
  Home: () => jump(0),
  End: () => jump(seconds),
  b: () => choose("both"),
  l: () => choose("left"),
  r: () => choose("right"),
};

document.addEventListener("keydown", (event) => {
  const busy = event.target.closest("input:not([type=radio]), select, textarea, summary, a, button");
  const action = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!action || busy || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});

function seek(event) {
  const box = canvas.getBoundingClientRect();
  jump(((event.clientX - box.left) / box.width) * seconds);
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  seek(event);
});
canvas.addEventListener("pointermove", (event) => {
  if (event.buttons) seek(event);
});
player.querySelector("[data-do=play]").addEventListener("click", play);
player.querySelectorAll("[name=channel]").forEach((input) => input.addEventListener("change", () => route(input.value)));
speed.addEventListener("change", () => {
  audio.playbackRate = Number(speed.value);
});
["play", "pause", "ended", "seeked", "timeupdate"].forEach((name) => audio.addEventListener(name, name === "play" ? follow : show));
audio.addEventListener("error", fail);
new ResizeObserver(draw).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

player.querySelectorAll(".wave, .controls, .keys").forEach((part) => {
  part.hidden = false;
});
player.classList.add("ready");
show();
load();

export { audio, clock, draw, jump, overlays, player, seconds };
