// The phone: shows what arrives, sends what the person does. No address ever holds a number: threads have names of their own.

const $ = (id) => document.getElementById(id);
const phone = document.querySelector(".phone");
const list = $("messages");
const numberField = $("phone-number");
const composer = $("composer");
const sheet = $("sheet");
let source = null;
let opening = 0;

const TICKS = {
  pending: ["✓", "sent"], accepted: ["✓✓", "delivered"], refused: ["!", "not delivered"], unreachable: ["!", "not delivered"],
};

const channel = () => document.querySelector("input[name=channel]:checked").value;
const owner = () => ({ phone: numberField.value.trim(), channel: channel() });

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail || `HTTP ${answer.status}`);
  return answer.json();
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

// --- the thread -------------------------------------------------------------------------------------------------

async function openThread() {
  const turn = ++opening;
  source?.close();
  list.replaceChildren();
  $("empty").hidden = false;
  phone.dataset.channel = channel();
  phone.dataset.connected = "no";
  $("presence").textContent = channel() === "whatsapp" ? "WhatsApp Business" : phone.dataset.ourNumber;
  for (const item of document.querySelectorAll("[data-location]")) item.hidden = channel() === "sms";
  count();
  if (!numberField.checkValidity()) return;
  try {
    const { thread } = await post("/phone/open", owner());
    if (turn === opening) listen(thread);
  } catch (error) {
    trouble(`The phone cannot be opened: ${error.message}`);
  }
}

function listen(thread) {
  source = new EventSource(`/phone/threads/${thread}/events`);
  source.addEventListener("snapshot", (event) => {
    const data = JSON.parse(event.data);
    list.replaceChildren();
    data.entries.forEach(show);
    stopped(data.stopped);
    trouble("");
    phone.dataset.connected = "yes";
    toEnd();
  });
  source.addEventListener("entry", (event) => {
    const data = JSON.parse(event.data);
    show(data.entry);
    stopped(data.stopped);
  });
  source.onerror = () => {
    phone.dataset.connected = "no";
    trouble("The phone has no connection. It will try again by itself.");
    if (source.readyState === EventSource.CLOSED) setTimeout(openThread, 2000);  // the copy was restarted and knows no such thread
  };
}

function stopped(is) {
  $("stopped").hidden = !is;
}

// The newest message stays in sight while the field grows or a photo loads, unless the person scrolled up to read.
const area = $("thread");
let following = true;
area.addEventListener("scroll", () => { following = area.scrollHeight - area.scrollTop - area.clientHeight < 60; });
new ResizeObserver(() => { if (following) toEnd(); }).observe(area);

function toEnd() {
  following = true;
  area.scrollTop = area.scrollHeight;
}

function show(entry) {
  $("empty").hidden = true;
  const follow = following;
  const known = list.querySelector(`[data-id="${entry.id}"]`);
  const item = known ?? $("bubble").content.firstElementChild.cloneNode(true);
  if (!known) {
    build(item, entry);
    list.append(item);
  }
  update(item, entry);
  if (follow || (!known && entry.from === "person")) toEnd();
}

function build(item, entry) {
  const mine = entry.from === "person";
  item.dataset.id = entry.id;
  item.dataset.testid = mine ? "bubble-out" : entry.from === "network" ? "bubble-network" : "bubble-in";
  item.classList.add(mine ? "out" : "in");
  if (entry.from === "network") item.classList.add("network");
  item.querySelector(".bubble").setAttribute("aria-label", mine ? "You" : entry.from === "network" ? "Network" : "Waymark");
  item.querySelector(".text").textContent = entry.text;
  const time = item.querySelector("time");
  time.dateTime = entry.at;
  time.textContent = new Date(entry.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  attach(item.querySelector(".attached"), entry);
  if (entry.from === "network") item.querySelector(".segments").textContent = "the network’s own answer";
  else if (entry.segments) {
    const { count: number, units, encoding } = entry.segments;
    item.querySelector(".segments").textContent = `${number} ${number === 1 ? "segment" : "segments"} · ${encoding} · ${units}`;
  }
  if (entry.kind === "quick_reply") quickReplies(item.querySelector(".choices"), entry);
  if (entry.kind === "list") listPicker(item.querySelector(".choices"), entry);
  if (entry.tapped) pressed(entry);
}

function update(item, entry) {
  const mine = entry.from === "person";
  const [sign, words] = TICKS[entry.status] ?? ["", entry.status];
  const ticks = item.querySelector(".ticks");
  item.dataset.status = entry.status;
  ticks.replaceChildren();
  if (mine && (channel() === "whatsapp" || sign !== "✓✓")) {
    const mark = Object.assign(document.createElement("span"), { textContent: sign, title: words });
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", words);
    ticks.append(mark);
  }
  const fault = item.querySelector(".fault");
  const failed = ["refused", "unreachable"].includes(entry.status);
  fault.hidden = !failed && !entry.error;
  if (failed) fault.textContent = `Not delivered: Waymark ${entry.status === "refused" ? "refused it" : "was not reached"} (${entry.detail})`;
  if (entry.error) {
    fault.textContent = `Never arrived: ${entry.error.text} (${entry.error.code})`;
    item.classList.add("undelivered");
    item.querySelector(".choices").replaceChildren();
  }
}

function attach(box, entry) {
  for (const file of entry.media) {
    const address = file.name && `/phone/media/${file.name}`;
    if (address && file.type.startsWith("image/")) box.append(Object.assign(new Image(), { src: address, alt: "Photo", onload: toEnd }));
    else if (address && file.type.startsWith("audio/")) {
      const player = Object.assign(document.createElement("audio"), { src: address, controls: true, preload: "metadata" });
      player.setAttribute("aria-label", "Voice note");
      box.append(player);
    } else box.append(fileLine({ "application/pdf": "Document.pdf", "text/vcard": "Contact" }[file.type] ?? "File", "document"));
  }
  if (entry.location) box.append(fileLine(`${entry.location[0].toFixed(4)}, ${entry.location[1].toFixed(4)}`, "location"));
}

function fileLine(text, icon) {
  const line = Object.assign(document.createElement("div"), { className: "file" });
  const selector = icon === "location" ? "[data-location] svg" : `[data-media="${icon}"] svg`;
  line.append(document.querySelector(selector).cloneNode(true), text);
  return line;
}

// --- buttons and lists ------------------------------------------------------------------------------------------

function quickReplies(box, entry) {
  for (const choice of entry.choices) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: choice.title, dir: "auto" });
    button.dataset.testid = "quick-reply";
    button.dataset.payload = choice.id;
    button.addEventListener("click", () => {
      for (const other of box.children) other.disabled = true;  // WhatsApp lets a reply be tapped once
      tap(choice).catch(() => { for (const other of box.children) other.disabled = false; });
    });
    box.append(button);
  }
}

function listPicker(box, entry) {
  const opener = Object.assign(document.createElement("button"), { type: "button", dir: "auto" });
  opener.dataset.testid = "list-open";
  opener.setAttribute("aria-haspopup", "dialog");
  opener.append("☰ ", entry.button);
  opener.addEventListener("click", () => openSheet(entry));
  box.append(opener);
}

function openSheet(entry) {
  $("sheet-title").textContent = entry.button;
  $("sheet-items").replaceChildren(...entry.choices.map((choice) => {
    const row = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", dir: "auto" });
    button.dataset.testid = "list-item";
    button.dataset.payload = choice.id;
    button.append(choice.title);
    if (choice.description) button.append(Object.assign(document.createElement("small"), { textContent: choice.description, dir: "auto" }));
    button.addEventListener("click", () => { sheet.close(); tap(choice).catch(() => {}); });
    row.append(button);
    return row;
  }));
  sheet.showModal();
}

function pressed(entry) {
  for (const button of list.querySelectorAll("[data-testid=quick-reply]")) {
    if (button.dataset.payload === entry.tapped && button.textContent === entry.text) {
      button.setAttribute("aria-pressed", "true");
      for (const other of button.parentElement.children) other.disabled = true;
    }
  }
}

// --- sending ----------------------------------------------------------------------------------------------------

async function send(what) {
  if (!numberField.reportValidity()) throw new Error("number");
  try {
    const { entry } = await post("/phone/send", { ...owner(), ...what });
    if (!list.querySelector(`[data-id="${entry.id}"]`)) show(entry);  // its events may have come first, and they know more
    trouble("");
  } catch (error) {
    trouble(`Not sent: ${error.message}`);
    throw error;
  }
}

const tap = (choice) => send({ tap: { payload: choice.id, text: choice.title } });

$("compose").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = composer.value;
  if (!text.trim()) return;
  composer.value = "";
  count();
  try {
    await send({ text });
  } catch {
    composer.value ||= text;  // what was written is not lost with the connection
    count();
  }
  composer.focus();
});

composer.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("compose").requestSubmit();
  }
});

const GSM = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€\f]*$/;

function count() {
  const text = composer.value;
  let words = "";
  if (channel() === "sms" && text) {
    const plain = GSM.test(text);
    const units = plain ? text.length + (text.match(/[\^{}\\[~\]|€\f]/g) ?? []).length : text.length;
    const [alone, joined] = plain ? [160, 153] : [70, 67];
    const number = units <= alone ? 1 : Math.ceil(units / joined);
    words = `${number} ${number === 1 ? "segment" : "segments"} · ${units} of ${number * (number === 1 ? alone : joined)}`;
  }
  $("count").textContent = words;
}

composer.addEventListener("input", count);

// --- attachments ------------------------------------------------------------------------------------------------

const menu = $("attachments");

function toggleMenu(open) {
  menu.hidden = !open;
  $("attach").setAttribute("aria-expanded", String(open));
  if (open) menu.querySelector("button:not([hidden])").focus();
}

$("attach").addEventListener("click", () => toggleMenu(menu.hidden));
menu.addEventListener("keydown", (event) => {
  const items = [...menu.querySelectorAll("button:not([hidden])")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  }
  if (event.key === "Escape") {
    toggleMenu(false);
    $("attach").focus();
  }
});
menu.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  toggleMenu(false);
  // A place in São Paulo's centre: an example, never where this computer is.
  const what = "location" in button.dataset ? { location: { latitude: -23.5503, longitude: -46.634 } } : { media: button.dataset.media };
  send(what).catch(() => {});
  composer.focus();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest(".attach")) toggleMenu(false);
});

// --- whose phone ------------------------------------------------------------------------------------------------

for (const radio of document.querySelectorAll("input[name=channel]")) radio.addEventListener("change", openThread);
numberField.addEventListener("change", openThread);
$("owner").addEventListener("submit", (event) => { event.preventDefault(); openThread(); });
$("new-person").addEventListener("click", () => {
  const [random] = crypto.getRandomValues(new Uint16Array(1));
  numberField.value = `+1500555${String(1000 + (random % 9000))}`;
  openThread();
  composer.focus();
});
sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
openThread();
