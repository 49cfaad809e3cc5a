// Shows a ringing call as a notification while no page of the console is looked at. What it is told was encrypted for this browser.

self.addEventListener("push", (event) => {
  const { call, title, body } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag: call, icon: "/static/icon.svg" }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show());
});

async function show() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((client) => new URL(client.url).pathname === "/live");
  return page ? page.focus() : self.clients.openWindow("/live");
}
