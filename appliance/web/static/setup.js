// The picture of the mirror port, the progress of the opening test, and a change that waits: looked at again every two seconds.

const live = document.querySelector("[data-again]");

async function look() {
  if (document.hidden) return;
  const answer = await fetch(live.dataset.again).catch(() => null);
  if (!answer?.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  if (live.querySelector("form")) live.querySelector("ol").replaceWith(holder.content.querySelector("ol")); // somebody fills it in
  else live.replaceChildren(holder.content);
}

if (live) setInterval(look, 2000);

if (document.querySelector("[data-waits]")) setTimeout(() => location.reload(), 2000);
