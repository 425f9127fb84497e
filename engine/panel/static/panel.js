// What a screen does by itself: it takes itself anew when something has changed, says that somebody is there,
// and goes where a sign-in has opened. Without it every screen works, and is as old as the last tap.
"use strict";

const STILL_MS = 10000; // between two touches that are said (S11)
const screen = document.getElementById("screen");
const guard = document.body.dataset.guard;
let source = null;
let touched = 0;

const key = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id : "");

// Makes `old` like `fresh`, and keeps what a person has in hand: focus, what was typed, what is unfolded.
function become(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.tagName === "DETAILS")) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.tagName === "TEXTAREA") return;
  children(old, fresh);
}

function children(old, fresh) {
  const named = new Map([...old.childNodes].filter(key).map((node) => [key(node), node]));
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    let found = null;
    if (key(wanted)) {
      found = named.get(key(wanted)) ?? null;
    } else {
      found = at;
      while (found && key(found)) found = found.nextSibling;
    }
    const same = found && found.nodeType === wanted.nodeType && found.nodeName === wanted.nodeName;
    if (!same) {
      old.insertBefore(wanted, at);
      continue;
    }
    if (found !== at) old.insertBefore(found, at);
    else at = at.nextSibling;
    if (found.nodeType === Node.ELEMENT_NODE) become(found, wanted);
    else if (found.data !== wanted.data) found.data = wanted.data;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function taken(html) {
  if (!html) return;
  const page = new DOMParser().parseFromString(`<div id="screen">${html}</div>`, "text/html");
  become(screen, page.getElementById("screen"));
  goes();
}

function goes() {
  const to = document.getElementById("main").dataset.goesTo;
  if (to && to !== location.pathname) location.assign(to);
}

function listen() {
  source = new EventSource(`/live?at=${encodeURIComponent(location.pathname + location.search)}`);
  source.addEventListener("screen", (event) => taken(JSON.parse(event.data)));
  source.addEventListener("over", () => location.assign("/log-in?over=1"));
}

// A page that nobody sees costs the device nothing.
function seen() {
  if (document.hidden && source) {
    source.close();
    source = null;
  } else if (!document.hidden && !source) {
    listen();
  }
}

function touch() {
  if (Date.now() - touched < STILL_MS) return;
  touched = Date.now();
  fetch("/touch", { method: "POST", headers: { "X-Guard": guard } }).catch(() => {});
}

// The answer to a form with mistakes stands at the address of the form: only what is asked for by its address
// can be taken anew.
const answered = document.querySelector("[aria-invalid], main [role=alert], .confirm") !== null;

const message = document.querySelector("dialog.message");
if (message) {
  message.close();
  message.showModal();
}
goes();
if (!answered) {
  document.addEventListener("visibilitychange", seen);
  seen();
}
// Whoever sends a form goes where its answer leads: [Log out] tells what it did, and not that he is gone.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "dialog" && source) source.close();
});
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touch, { passive: true });
