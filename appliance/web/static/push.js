// Push messages: where the box has a key for them and notifications are allowed, this browser is told of calls while no page is open.
// Its subscription belongs to the session, and ends with it.

const asking = document.querySelector(".notify");
const key = asking?.dataset.pushKey;

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

async function subscribe() {
  await navigator.serviceWorker.register("/static/push_worker.js");
  const worker = await active();
  const options = { userVisibleOnly: true, applicationServerKey: bytes(key) };
  const found = await worker.pushManager.subscribe(options).catch(async () => {
    await (await worker.pushManager.getSubscription())?.unsubscribe(); // it was made with another key: the box is another
    return worker.pushManager.subscribe(options);
  });
  const { endpoint, keys } = found.toJSON();
  const body = new URLSearchParams({ csrf: asking.dataset.csrf, endpoint, p256dh: keys.p256dh, auth: keys.auth });
  const answer = await fetch("/live/push", { method: "POST", body });
  asking.dataset.push = answer.ok ? "on" : "refused";
}

async function active() {
  const registration = await navigator.serviceWorker.getRegistration("/static/");
  const worker = registration.installing ?? registration.waiting;
  if (worker && !registration.active) await new Promise((done) => worker.addEventListener("statechange", () => worker.state === "activated" && done()));
  return registration;
}

if (key && "serviceWorker" in navigator && "PushManager" in window) {
  const state = await navigator.permissions.query({ name: "notifications" });
  const look = () => state.state === "granted" && subscribe().catch((error) => (asking.dataset.push = error.name));
  state.addEventListener("change", look);
  look();
}
