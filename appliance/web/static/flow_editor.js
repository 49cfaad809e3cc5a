// The page of a flow: line numbers, the tab key, what was typed kept and looked through by the box, and callers who try it.

const page = document.querySelector(".flowpage");
const form = page.querySelector(".editor");
const text = form.elements.text;
const gutter = form.querySelector(".gutter");
const kept = form.querySelector(".kept");
const list = page.querySelector(".findings");
const picture = page.querySelector(".picture");
const simulator = page.querySelector(".simulator");
const home = `/phone/flows/${page.dataset.flow}`;
const QUIET_MS = 500;
let timer = 0;
let busy = null;
let severities = new Map();
let walked = [];

function element(tag, kind, words) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (words) made.textContent = words;
  return made;
}

// Line numbers, with the faults marked.
function number() {
  const count = text.value.split("\n").length;
  if (gutter.children.length !== count) {
    gutter.replaceChildren(...Array.from({ length: count }, (_, place) => element("span", "", String(place + 1))));
  }
  [...gutter.children].forEach((line, place) => (line.className = severities.get(place + 1) ?? ""));
  gutter.scrollTop = text.scrollTop;
}

function go(line, column = 1) {
  const lines = text.value.split("\n");
  const begin = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus({ preventScroll: true });
  text.setSelectionRange(begin + column - 1, begin + (lines[line - 1] ?? "").length);
  const high = Number.parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (line - 6) * high);
  gutter.scrollTop = text.scrollTop;
  form.scrollIntoView({ block: "nearest" });
}

function indent(back) {
  const { selectionStart: from, selectionEnd: to, value } = text;
  const begin = value.lastIndexOf("\n", from - 1) + 1;
  if (from === to && !back) return document.execCommand("insertText", false, "  ");
  const lines = value.slice(begin, to);
  const moved = back ? lines.replace(/^ {1,2}/gm, "") : lines.replace(/^/gm, "  ");
  text.setSelectionRange(begin, to);
  document.execCommand("insertText", false, moved);
  return text.setSelectionRange(begin, begin + moved.length);
}

let leaving = false;
text.addEventListener("keydown", (event) => {
  if (event.key === "Escape") leaving = true;
  else if (event.key === "Tab" && !leaving) {
    event.preventDefault();
    indent(event.shiftKey);
  } else if (event.key !== "Shift") leaving = false;
});

function show(findings) {
  severities = new Map();
  const rows = findings.map((one) => {
    if (severities.get(one.line) !== "error") severities.set(one.line, one.severity);
    const row = element("li", one.severity);
    const link = element("a");
    link.href = `#line-${one.line}`;
    Object.assign(link.dataset, { line: one.line, column: one.column });
    link.append(element("span", `tag ${one.severity}`, page.dataset[one.severity]), ` ${page.dataset.line} ${one.line}:${one.column}`);
    row.append(link, element("p", "", one.message), element("p", "soft", one.mend));
    return row;
  });
  list.replaceChildren(...(rows.length ? rows : [element("li", "good", page.dataset.fine)]));
  number();
}

function draw(svg) {
  if (!svg) return;
  const holder = document.createElement("template");
  holder.innerHTML = svg;
  picture.replaceChildren(holder.content);
  highlight();
}

function highlight() {
  for (const node of picture.querySelectorAll(".node")) node.classList.toggle("on", walked.includes(node.dataset.node));
  const steps = new Set(walked.slice(1).map((name, place) => `${walked[place]} ${name}`));
  for (const way of picture.querySelectorAll(".way")) way.classList.toggle("on", steps.has(`${way.dataset.from} ${way.dataset.to}`));
}

async function send(path, extra = null) {
  const body = new FormData(form);
  for (const [name, value] of extra ?? []) body.set(name, value);
  const answer = await fetch(`${home}/${path}`, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

// One check at a time; what is typed meanwhile is checked when it has come back, so that drafts are kept in their order.
async function check() {
  if (busy) return busy.then(check);
  kept.textContent = page.dataset.saving;
  const sent = text.value;
  busy = send("check");
  try {
    const told = await busy;
    if (told.began !== undefined) form.elements.began.value = told.began;
    kept.textContent = told.stale ?? page.dataset.saved;
    kept.classList.toggle("bad", Boolean(told.stale));
    show(told.findings);
    draw(told.picture);
    page.dataset.checked = String(told.errors);
  } catch {
    kept.textContent = page.dataset.failed;
    kept.classList.add("bad");
  } finally {
    busy = null;
  }
  if (text.value !== sent) later();
}

function later() {
  number();
  clearTimeout(timer);
  timer = setTimeout(check, QUIET_MS);
}

text.addEventListener("input", later);
text.addEventListener("scroll", () => (gutter.scrollTop = text.scrollTop));
form.addEventListener("submit", () => clearTimeout(timer));

page.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  go(Number(link.dataset.line), Number(link.dataset.column ?? 1));
});

simulator.addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = await send("simulate", new FormData(simulator));
  const walk = page.querySelector(".walk");
  walked = told.path ?? [];
  highlight();
  if (told.trouble) return walk.replaceChildren(element("p", "error", told.trouble));
  const steps = element("ol", "steps");
  for (const step of told.steps) {
    const row = element("li");
    row.append(element("b", "", step.node), " ", element("span", "soft", step.why));
    steps.append(row);
  }
  const rows = element("ul", "plain");
  rows.append(...told.heard.map((words) => element("li", "heard", words)), ...told.rings.map((target) => element("li", "rung", target)));
  if (!told.rings.length) rows.append(element("li", "soft", page.dataset.none));
  const end = element("p");
  end.append(element("span", "tag live", told.ends));
  return walk.replaceChildren(steps, rows, end);
});

for (const link of list.querySelectorAll("a")) severities.set(Number(link.dataset.line), link.closest("li").className);
number();
const wanted = /^#line-(\d+)$/.exec(location.hash);
if (wanted) go(Number(wanted[1]));
