// The capture under way: its figures every second, and the whole page once it is over. Without script "Look again" does the same.
const running = document.getElementById("running");

async function look() {
  const answer = await fetch("/diagnosis", { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer !== null && answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("running");
    if (now === null) {
      location.replace("/diagnosis");
      return;
    }
    for (const part of [".taking", ".figures"]) running.querySelector(part).replaceWith(now.querySelector(part));
  }
  setTimeout(look, 1000);
}

setTimeout(look, 1000);
