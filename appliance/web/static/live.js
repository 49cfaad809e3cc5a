// The live page: cards arrive as server-sent events. The browser sends the last event's id by itself when it reconnects, so that
// nothing is lost over a break; the server's HTML is inserted as it is (it is escaped there).

const open = document.querySelector("#open");
const recent = document.querySelector("#recent");
const HOMES = { open, recent, waiting: document.querySelector("#waiting") };
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
  const { call, legs, state, home, title, line, html } = JSON.parse(event.data);
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const card = holder.content.firstElementChild;
  const folded = legs.map((leg) => document.getElementById(`card-${leg}`)).filter(Boolean);
  const before = document.getElementById(`card-${call}`) ?? folded[0];
  if (before) keep(before, card);
  else if (state === "ringing") notify(call, title, line);
  const place = HOMES[home];
  if (before && before.parentElement === place) {
    before.replaceWith(card);
  } else {
    before?.remove();
    place.prepend(card);
  }
  for (const leg of folded) if (leg !== before) leg.remove();
  focusKept(card);
  while (recent.children.length > RECENT) recent.lastElementChild.remove();
  mark();
  quiet.hidden = open.children.length > 0;
  const ringing = open.querySelectorAll(".ringing").length;
  document.title = document.title.replace(/^(\(\d+\) )?/, ringing ? `(${ringing}) ` : "");
}

// Whoever is writing a memo goes on writing when the card changes under their hands.
function keep(before, card) {
  const [old, fresh] = [before.querySelector(".noting"), card.querySelector(".noting")];
  if (!old || !fresh || !old.open) return;
  const [from, to] = [old.querySelector("textarea"), fresh.querySelector("textarea")];
  if (before.dataset.saving) return;
  fresh.open = true;
  if (from.value === from.defaultValue) return;
  to.value = from.value;
  fresh.querySelector("[name=follow_up]").checked = old.querySelector("[name=follow_up]").checked;
  if (document.activeElement === from) card.dataset.caret = `${from.selectionStart} ${from.selectionEnd}`;
}

function focusKept(card) {
  if (!card.dataset.caret) return;
  const [begin, end] = card.dataset.caret.split(" ").map(Number);
  const field = card.querySelector(".noting textarea");
  field.focus({ preventScroll: true });
  field.setSelectionRange(begin, end);
  delete card.dataset.caret;
}

// A ringing call as a system notification, while the page is not looked at.
const asking = document.querySelector(".notify");

function notify(call, title, line) {
  if (!("Notification" in window) || Notification.permission !== "granted" || !document.hidden) return;
  const note = new Notification(title || asking.dataset.unknown, { body: `${asking.dataset.ringing} ${line}`, tag: call, icon: "/static/icon.svg" });
  note.addEventListener("click", () => {
    window.focus();
    note.close();
  });
}

if ("Notification" in window && Notification.permission === "default") {
  asking.hidden = false;
  asking.addEventListener("click", async () => {
    asking.hidden = (await Notification.requestPermission()) !== "default";
  });
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

async function command(form, button) {
  const trouble = document.querySelector(".trouble");
  const card = form.closest(".card");
  if (card && form.querySelector("textarea")) card.dataset.saving = "1";
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form, button), headers: { Accept: "text/plain" }, redirect: "manual" });
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
  command(event.target, event.submitter);
});
mark();
connect();
