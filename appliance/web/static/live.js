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

connect();
