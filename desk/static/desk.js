// Live pages: one stream of events tells the page that something changed, htmx fetches what to show. Typed text is never replaced.
"use strict";

(() => {
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const title = document.title;

  // What was said once is not said again by a reload.
  if (new URLSearchParams(location.search).has("done")) history.replaceState(null, "", location.pathname);

  // -- The stream -----------------------------------------------------------------------------------------------
  const liveUrl = body.dataset.live;
  let source = null;
  let offTimer = null;
  let retry = 1000;

  function showLive(on) {
    const state = byId("live-state");
    if (!state) return;
    const show = () => {
      state.textContent = on ? state.dataset.on : state.dataset.off;
      state.classList.toggle("off", !on);
    };
    // A reconnection within three seconds is no news. Each try that fails is an error of its own: it must not begin the seconds anew.
    if (on) {
      clearTimeout(offTimer);
      offTimer = null;
      show();
    } else offTimer ??= setTimeout(show, 3000);
  }

  function refresh() {
    for (const what of ["desk-queue", "desk-case", "desk-here"]) htmx.trigger(body, what);
  }

  function connect() {
    source = new EventSource(liveUrl);
    source.addEventListener("open", () => {
      showLive(true);
      retry = 1000;
    });
    source.addEventListener("queue", () => htmx.trigger(body, "desk-queue"));
    source.addEventListener("here", () => htmx.trigger(body, "desk-here"));
    source.addEventListener("case", () => htmx.trigger(body, "desk-case"));
    source.addEventListener("error", () => {
      showLive(false);
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(connect, retry);
        retry = Math.min(retry * 2, 30000);
      }
    });
  }

  if (liveUrl) {
    connect();
    // A laptop that slept has missed what happened meanwhile.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") refresh();
    });
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
  }

  // -- Emergencies announce themselves ----------------------------------------------------------------------------
  function emergencies() {
    const holder = document.querySelector("[data-emergencies]");
    return holder ? holder.dataset.emergencies.split(" ").filter(Boolean) : [];
  }

  let knownEmergencies = new Set(emergencies());

  function countInTitle() {
    const number = emergencies().length;
    document.title = number ? `(${number}) ${title}` : title;
  }

  function say(text) {
    const announcer = byId("announcer");
    if (announcer) announcer.textContent = text;
  }

  function announceEmergencies() {
    const now = emergencies();
    const fresh = now.filter((reference) => !knownEmergencies.has(reference));
    knownEmergencies = new Set(now);
    countInTitle();
    if (fresh.length) say(byId("alerts").dataset.announce.replace("%", fresh.join(", ")));
  }

  countInTitle();

  // -- The thread keeps its place ------------------------------------------------------------------------------------
  const thread = byId("thread");
  const atEnd = () => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 48;
  const toEnd = () => {
    thread.scrollTop = thread.scrollHeight;
    byId("thread-new").hidden = true;
  };
  const lastInbound = () => thread.querySelector("[data-last-inbound]")?.dataset.lastInbound;
  const version = () => thread.querySelector("[data-version]")?.dataset.version;
  let wasAtEnd = true;
  let place = 0;
  let inboundBefore = thread && lastInbound();
  let versionBefore = thread && version();

  if (thread) {
    toEnd();
    byId("thread-new").addEventListener("click", () => {
      toEnd();
      thread.focus();
    });
    thread.addEventListener("scroll", () => {
      if (atEnd()) byId("thread-new").hidden = true;
    });
  }

  function beforeThread() {
    wasAtEnd = atEnd();
    place = thread.scrollTop;
  }

  function afterThread() {
    thread.scrollTop = place;
    if (wasAtEnd) toEnd();
    else if (version() !== versionBefore) byId("thread-new").hidden = false;
    if (lastInbound() !== inboundBefore) say(thread.dataset.announce);
    inboundBefore = lastInbound();
    versionBefore = version();
  }

  // -- Who holds the case ----------------------------------------------------------------------------------------------
  function showHolder() {
    const compose = byId("compose");
    const state = document.querySelector("[data-holder]");
    if (!compose || !state) return;
    const mine = state.dataset.holder === "me";
    if (compose.dataset.mine === "yes") {
      byId("not-mine").hidden = mine;
      compose.querySelector("button[type=submit]").disabled = !mine;
    } else {
      byId("now-mine").hidden = !mine;
      byId("why-not").hidden = mine;
    }
  }

  // -- Times as the clock on this desk shows them; the title keeps the one that colleagues elsewhere share --------------
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });

  function localTimes() {
    for (const time of document.querySelectorAll("time[datetime]:not([title])")) {
      time.title = time.textContent;
      time.textContent = clock.format(new Date(time.dateTime));
    }
  }

  localTimes();

  // -- Nothing moves under a finger: a link that is replaced between press and release is never followed ------------------
  let pressed = false;
  let missed = false;

  function release() {
    pressed = false;
    if (!missed) return;
    missed = false;
    // The click comes right after the release, and first.
    setTimeout(refresh);
  }

  addEventListener("pointerdown", () => (pressed = true), true);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, release, true);
  // Only the window's own blur: a press takes the focus from another element, and that is no release.
  addEventListener("blur", release);
  // The end of a press outside the window is told to nobody.
  addEventListener("pointermove", (event) => pressed && !event.buttons && release(), true);

  body.addEventListener("htmx:beforeSwap", (event) => {
    if (!pressed || !event.detail.requestConfig?.elt.matches("[hx-trigger*='from:body'], [hx-trigger^='every']")) return;
    event.detail.shouldSwap = false;
    missed = true;
  });

  // -- htmx ------------------------------------------------------------------------------------------------------------
  body.addEventListener("htmx:beforeSwap", () => thread && beforeThread());
  body.addEventListener("htmx:afterSettle", () => {
    localTimes();
    announceEmergencies();
    showHolder();
    if (thread) afterThread();
  });

  function failed(event, text) {
    const target = event.detail.requestConfig?.verb === "post" && event.detail.target;
    if (!target || target.id !== "reply-result") return;
    const line = document.createElement("p");
    line.className = "error";
    line.setAttribute("role", "alert");
    line.textContent = text;
    target.replaceChildren(line);
  }

  body.addEventListener("htmx:sendError", (event) => failed(event, body.dataset.errorConnection));
  body.addEventListener("htmx:timeout", (event) => failed(event, body.dataset.errorConnection));
  body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) failed(event, body.dataset.errorServer);
  });

  // crypto.randomUUID exists on HTTPS and this machine only; a desk in an office network may have neither.
  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // -- Replying ----------------------------------------------------------------------------------------------------------
  const reply = byId("reply");
  if (reply) {
    const text = byId("reply-text");
    let sent = "";
    reply.addEventListener("htmx:beforeRequest", (event) => {
      if (event.detail.elt === reply) sent = text.value;
    });
    reply.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.elt !== reply || !event.detail.successful) return;
      // The next message is another one; what was typed while this one was on its way stays.
      reply.elements.client_id.value = newId();
      if (text.value === sent) text.value = "";
      byId("reply-measure").textContent = "";
      text.focus();
    });
    text.addEventListener("input", () => {
      if (!text.value) byId("reply-measure").textContent = "";
      byId("reply-result").replaceChildren();
    });
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        reply.requestSubmit();
      }
    });
    // Leaving with something typed asks first.
    addEventListener("beforeunload", (event) => {
      if (text.value.trim()) event.preventDefault();
    });
    reply.addEventListener("submit", (event) => {
      // The button of a warning stands in the result: it must still be there when the form is read.
      const result = byId("reply-result");
      if (!result.contains(event.submitter)) result.replaceChildren();
    });
  }

  // -- Sentences of the catalogues: put where the cursor is, to be changed before they are sent ------------------------
  document.addEventListener("click", (event) => {
    const from = event.target.closest?.("[data-insert]");
    const field = byId("reply-text");
    if (!from || !field) return;
    const text = byId(from.dataset.insert).textContent;
    const gap = field.value && !/\s$/.test(field.value.slice(0, field.selectionStart)) && field.selectionStart ? " " : "";
    field.setRangeText(gap + text, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // -- The queue by keyboard: arrows go from case to case while one of them has the focus --------------------------------
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(".row-link") || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = [...document.querySelectorAll(".row-link")];
    const at = rows.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || !rows[to]) return;
    event.preventDefault();
    rows[to].focus();
  });

  // A plain form that was sent is not sent again by a second click.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "reply") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
})();
