// Passkeys: the page holds what to ask of the browser, the browser's answer goes into the form, the form is sent. Nothing else leaves.
"use strict";

(() => {
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const make = async (options) => {
    const key = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: known(options.excludeCredentials),
      },
    });
    const { attestationObject, clientDataJSON } = key.response;
    return { key, response: { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON) } };
  };

  const show = async (options) => {
    const key = await navigator.credentials.get({
      publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) },
    });
    const { authenticatorData, clientDataJSON, signature } = key.response;
    return {
      key,
      response: { authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON), signature: text(signature) },
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    if (!window.PublicKeyCredential) {
      form.hidden = true;
      continue;
    }
    button.addEventListener("click", async (event) => {
      event.preventDefault();
      const said = form.querySelector("[role=status]");
      said.textContent = "";
      try {
        const { key, response } = await (form.dataset.passkey === "make" ? make : show)(JSON.parse(form.dataset.options));
        form.elements.answer.value = JSON.stringify({
          id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: {}, response,
        });
        form.submit();
      } catch {
        said.textContent = form.dataset.failed;
      }
    });
  }
})();
