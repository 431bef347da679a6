// Shows that a case waits, when the browser is told so: the words that came, and nothing of anybody. A touch opens the desk.
"use strict";

self.addEventListener("push", (event) => {
  let told = { say: "…", lang: "", dir: "auto" };
  try {
    told = { ...told, ...event.data.json() };
  } catch {
    // What cannot be read is still a call: browsers take the permission away from a worker that shows nothing.
  }
  event.waitUntil(self.registration.showNotification(told.say, { tag: "waits", renotify: true, lang: told.lang, dir: told.dir }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then((windows) => {
      const open = windows.find((one) => new URL(one.url).pathname.startsWith("/desk"));
      return open ? open.focus() : self.clients.openWindow("/desk");
    }),
  );
});
