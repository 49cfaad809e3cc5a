// The live page: cards arrive as server-sent events. The browser sends the last event's id by itself when it reconnects, so that
// nothing is lost over a break; the server's HTML is inserted as it is (it is escaped there).

const open = document.querySelector("#open");
const recent = document.querySelector("#recent");
const quiet = document.querySelector(".quietnow");
const connection = document.querySelector(".connection");
const RECENT = 20;
let known = Number(connection.dataset.row);
let source = null;

function say(state) {
  for (const part of connection.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
}

function place(event) {
  known = Number(event.lastEventId) || known;
  const { call, state, html } = JSON.parse(event.data);
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const card = holder.content.firstElementChild;
  const before = document.getElementById(`card-${call}`);
  const home = state === "ended" ? recent : open;
  if (before && before.parentElement === home) {
    before.replaceWith(card);
  } else {
    before?.remove();
    home.prepend(card);
  }
  while (recent.children.length > RECENT) recent.lastElementChild.remove();
  mark();
  quiet.hidden = open.children.length > 0;
  const ringing = open.querySelectorAll(".ringing").length;
  document.title = document.title.replace(/^(\(\d+\) )?/, ringing ? `(${ringing}) ` : "");
}

function connect() {
  source = new EventSource(`/live/events?after=${known}`);
  source.addEventListener("open", () => say("on"));
  source.addEventListener("card", place);
  source.addEventListener("error", () => {
    say("off");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  });
}

// One call at a time is heard, through one <audio> outside of the cards: a card may be replaced meanwhile.
const hearing = document.querySelector(".hearing");
const audio = hearing.querySelector("audio");
let heard = "";

function tell(state) {
  hearing.dataset.state = state;
  hearing.querySelector("[role=status]").textContent = hearing.dataset[state] ?? "";
}

function mark() {
  for (const link of document.querySelectorAll(".listen")) {
    const on = link.dataset.call === heard;
    link.setAttribute("role", "button");
    link.setAttribute("aria-pressed", String(on));
    link.querySelector("span").textContent = on ? link.dataset.on : link.dataset.off;
  }
}

function stop(state = "") {
  heard = "";
  audio.removeAttribute("src");
  audio.load();
  hearing.hidden = !state;
  if (state) tell(state);
  mark();
}

function hear(link) {
  if (heard === link.dataset.call) return stop();
  heard = link.dataset.call;
  hearing.hidden = false;
  tell("loading");
  audio.src = `${link.href}?${Date.now()}`;
  audio.play().catch((error) => error.name === "AbortError" || stop("failed"));
  return mark();
}

async function command(form) {
  const trouble = document.querySelector(".trouble");
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "text/plain" }, redirect: "manual" });
  trouble.hidden = answer.type === "opaqueredirect";
  if (!trouble.hidden) trouble.textContent = await answer.text();
}

audio.addEventListener("playing", () => tell("playing"));
audio.addEventListener("ended", () => stop("over"));
audio.addEventListener("error", () => heard && stop("failed"));
hearing.querySelector("button").addEventListener("click", () => stop());
document.addEventListener("click", (event) => {
  const link = event.target.closest(".listen");
  if (!link) return;
  event.preventDefault();
  hear(link);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.(".listen")) return;
  event.preventDefault();
  hear(event.target);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches(".command")) return;
  event.preventDefault();
  command(event.target);
});
mark();
connect();
