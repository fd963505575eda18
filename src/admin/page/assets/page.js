// What makes the operators' pages better where script runs; each page works without it.
"use strict";

// "3 min ago", "in 2 h": kept true without asking the node.
function words(seconds) {
  const whole = Math.abs(Math.trunc(seconds));
  const days = whole < 172800 ? 0 : Math.floor(whole / 86400);
  const hours = Math.floor(whole / 3600) - days * 24;
  const minutes = Math.floor(whole / 60) % 60;
  const two = (number) => String(number).padStart(2, "0");
  const text = days ? (hours ? `${days} d ${hours} h` : `${days} d`)
    : hours ? (minutes ? `${hours} h ${two(minutes)} min` : `${hours} h`)
    : minutes ? `${minutes} min` : `${whole} s`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function tick() {
  for (const ago of document.querySelectorAll("time + .ago")) {
    const at = Date.parse(ago.previousElementSibling.dateTime);
    if (!Number.isNaN(at)) ago.textContent = words((Date.now() - at) / 1000);
  }
}

// A form with data-confirm asks once more before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

tick();
setInterval(tick, 10000);

// The E-clock of each event that is open, to the minute, by the node's time and not this machine's.
const skew = Date.parse(document.querySelector("footer time")?.dateTime ?? "") - Date.now() || 0;

function clocks() {
  for (const clock of document.querySelectorAll("time.eclock[data-run]")) {
    const minutes = Math.floor((Date.now() + skew - Date.parse(clock.dateTime)) / 60000);
    if (Number.isNaN(minutes)) continue;
    const whole = Math.abs(minutes);
    const text = `E${minutes < 0 ? "−" : "+"}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    if (clock.textContent !== text) clock.textContent = text;
  }
}

// A file is read into the text beside it: nothing else is ever uploaded.
function files() {
  for (const input of document.querySelectorAll("input[type=file][data-into]")) {
    input.parentElement.hidden = false;
    input.onchange = async () => {
      const text = document.getElementById(input.dataset.into);
      if (text && input.files[0]) text.value = await input.files[0].text();
    };
  }
}

// Everything that a person has opened, typed or chosen, so that it outlives a change of the page. A form in which something
// was changed keeps all its fields, the hidden ones too: they say what the change was made from.
function kept() {
  const changed = (field) => /^(checkbox|radio)$/.test(field.type) ? field.checked !== field.defaultChecked
    : /^(hidden|file|submit|button|fieldset|output)$/.test(field.type) ? false
    : field.tagName === "SELECT" ? ![...field.options].every((one) => one.selected === one.defaultSelected) && field.selectedIndex > 0
    : field.value !== field.defaultValue;
  const edited = [];
  for (const form of document.querySelectorAll("main form")) {
    const anchor = [...form.elements].find((field) => changed(field) && selector(field));
    if (!anchor) continue;
    const fields = [...form.elements].filter((field) => field.name && field.type !== "file" && field.type !== "submit");
    edited.push([selector(anchor), fields.map(({ name, type, value, checked }) => ({ name, type, value, checked }))]);
  }
  return {
    open: [...document.querySelectorAll("main details[open][id]")].map((one) => one.id),
    edited,
    focus: document.activeElement?.closest("main *") ? selector(document.activeElement) : null,
    place: document.activeElement?.selectionStart,
  };
}

function selector(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.name) return `main [name="${CSS.escape(element.name)}"][value="${CSS.escape(element.value)}"]`;
  if (element.href) return `main a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  if (element.tagName === "SUMMARY" && element.parentElement.id) return `#${CSS.escape(element.parentElement.id)} > summary`;
  return null;
}

function restore({ open, edited, focus, place }) {
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const [anchor, fields] of edited) {
    const form = document.querySelector(anchor)?.form;
    for (const { name, type, value, checked } of form ? fields : []) {
      const box = /^(checkbox|radio)$/.test(type);
      const field = [...form.elements].find((one) => one.name === name && one.type === type && (!box || one.value === value));
      if (!field) continue;
      if (box) field.checked = checked; else field.value = value;
    }
  }
  const focused = focus && document.querySelector(focus);
  if (!focused) return;
  focused.focus({ preventScroll: true });
  if (place != null && /^(text|search)$|^textarea$/.test(focused.type)) focused.setSelectionRange(place, place);
}

// The same page again, put in the place of this one.
async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "manual" });
  // Whoever is signed out, or may not look any more, is to see that and not an old page.
  if (!answer.ok) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  const main = document.querySelector("main");
  if (!fresh || !main) return;
  const before = kept();
  main.replaceChildren(...fresh.childNodes);
  restore(before);
  files();
  tick();
  clocks();
}

// Says that what is shown may be old: no news come.
function stale(is) {
  document.getElementById("stale")?.remove();
  if (!is) return;
  const said = document.createElement("p");
  said.id = "stale";
  said.className = "banner";
  said.setAttribute("role", "alert");
  said.textContent = "No news from the node: what is shown may be old. Reload the page.";
  document.body.prepend(said);
}

// One at a time, and not more often than the node can bear; not at all while nobody looks.
let waiting = null;
let asking = false;
let again = false;
let rest = 0;

function soon() {
  again = true;
  // Not all at once: hundreds of pages may hear the same news.
  if (!asking) waiting ??= setTimeout(ask, 100 + Math.random() * 900 + rest);
}

async function ask() {
  waiting = null;
  if (document.hidden) return;
  again = false;
  asking = true;
  const begun = performance.now();
  await refresh().catch(() => {});
  rest = Math.min(5 * (performance.now() - begun), 15000);
  asking = false;
  // Something changed after the node had begun to answer.
  if (again) soon();
}

document.addEventListener("visibilitychange", () => { if (again && !document.hidden) soon(); });

// A page with data-live says what it shows: one event ("event:NAME"), all "events", or one of the node's lists; the node tells
// when that has changed.
function live() {
  const about = document.querySelector("[data-live]")?.dataset.live;
  if (!about || !window.EventSource) return;
  const one = about.startsWith("event:") ? about.slice(6) : null;
  let broken = false;
  let since = null;
  const connect = () => {
    const source = new EventSource("/live");
    source.addEventListener("changed", ({ data }) => {
      const { event, of } = JSON.parse(data);
      const ours = of !== undefined ? of === about
        : one === null ? about === "events"
        : event === null || event === one;
      if (ours) soon();
    });
    source.addEventListener("error", () => {
      broken = true;
      // A short break is no matter; a wall that shows old news for long is.
      since ??= setTimeout(() => stale(true), 10000);
      // After an answer that is no stream the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 15000);
    });
    source.addEventListener("open", () => {
      if (broken) soon();
      broken = false;
      clearTimeout(since);
      since = null;
      stale(false);
    });
  };
  connect();
}

files();
clocks();
setInterval(clocks, 1000);
live();
