// The picture of the mirror port, and the progress of the opening test: looked at again every two seconds while the page is seen.

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
