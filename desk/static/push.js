// Being told in this browser: asks for the permission, subscribes, and sends what the browser gave with the form. Nothing else leaves.
"use strict";

(() => {
  const form = document.querySelector("form[data-push]");
  if (!form) return;
  const said = form.querySelector("[role=status]");
  const button = form.querySelector("button");
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    button.disabled = true;
    said.textContent = form.dataset.impossible;
    return;
  }
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

  const subscribe = async () => {
    if ((await Notification.requestPermission()) !== "granted") throw new Error("not granted");
    const registration = await navigator.serviceWorker.register(form.dataset.push, { scope: "/desk/" });
    await navigator.serviceWorker.ready;
    // A subscription with another key than today's would be refused by the service for ever.
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.key) });
  };

  button.addEventListener("click", async (event) => {
    event.preventDefault();
    said.textContent = "";
    try {
      form.elements.subscription.value = JSON.stringify(await subscribe());
      form.submit();
    } catch {
      said.textContent = form.dataset.failed;
    }
  });
})();
