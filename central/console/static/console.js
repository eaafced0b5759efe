// Keeps an open page up to date: touches come in one by one, everything else is asked for again when something happened.
"use strict";

const STALE_MS = 12_000; // the centre gives a sign of life every 5 s
const AGAIN_MS = 1_000; // the page is not asked for more often than this
const LATE_MS = 60_000; // an entry that was so long on its way "came later"
const SHOWN = 20;
const LOOK_MS = 20_000; // so soon after the screen was locked elsewhere, or by itself, this page is gone too
const BY_ITSELF = { headers: { "X-Machi-Again": "1" } }; // nobody sits here and does something

const list = document.querySelector("[data-arrivals]");
const form = document.querySelector("[data-arrival]");
const pause = document.querySelector("[data-pause]");
const offset = Number(document.body.dataset.offset) * 60_000;
let after = document.body.dataset.after;
let source, waiting;
let heard = performance.now();
let asked = -AGAIN_MS;

// A browser opens only six connections to one server: pages in the background hold none, and catch up when looked at.
function connect() {
  source?.close();
  if (document.hidden || pause?.ariaPressed === "true") return;
  source = new EventSource(after ? `/live?after=${after}` : "/live");
  source.addEventListener("beat", sign);
  source.onerror = look;
  source.onmessage = (event) => {
    after = event.lastEventId;
    if (list) add(JSON.parse(event.data));
    sign();
  };
}

// Whoever is not signed in any more, or whose screen is locked, sees no page that was left open.
async function look() {
  const answer = await fetch("/session", BY_ITSELF).catch(() => null);
  if (answer?.status === 401) location.reload();
}

function sign() {
  heard = performance.now();
  watch();
  waiting ??= setTimeout(refresh, Math.max(0, asked + AGAIN_MS - heard));
}

function watch() {
  const stopped = document.hidden || pause?.ariaPressed === "true";
  const stale = !stopped && performance.now() - heard > STALE_MS;
  document.querySelector("[data-stale]").hidden = !stale;
  document.querySelector("[data-road]").hidden = stopped || stale;
  if (stale && source.readyState === EventSource.CLOSED) connect();
}

// Asks for this very page again, and takes over the parts that are marked as fresh, unless somebody is using them.
async function refresh() {
  asked = performance.now();
  waiting = undefined;
  const answer = await fetch(location.href, BY_ITSELF).catch(() => null);
  if (answer?.redirected) location.reload();
  if (!answer?.ok || answer.redirected) return;
  const text = await answer.text().catch(() => null); // whoever leaves a page breaks off what it reads
  if (text === null) return;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-fresh]")) {
    const other = fresh.getElementById(part.id);
    const inUse = part.contains(document.activeElement) || (part.contains(getSelection().anchorNode) && !getSelection().isCollapsed);
    for (const one of part.querySelectorAll("details[open][data-key]")) {
      other?.querySelector(`details[data-key="${CSS.escape(one.dataset.key)}"]`)?.setAttribute("open", "");
    }
    if (other && !inUse && part.innerHTML !== other.innerHTML) part.replaceWith(other);
  }
}

function add(arrival) {
  const row = form.content.cloneNode(true).firstElementChild;
  const field = (name) => row.querySelector(`[data-field=${name}]`);
  field("href").href = `/entries/${arrival.id}`;
  field("clock").textContent = clock(arrival.at_ms);
  field("place_name").textContent = arrival.place_name;
  field("ja").textContent = arrival.ja;
  field("card").textContent = arrival.card.slice(0, 8);
  field("late").hidden = arrival.received_ms - arrival.at_ms < LATE_MS;
  row.className = "came";
  list.prepend(row);
  while (list.children.length > SHOWN) list.lastElementChild.remove();
}

function clock(ms) {
  const [then, today] = [new Date(ms + offset), new Date(Date.now() + offset)];
  if (isNaN(then)) return "読めない時刻";
  const [day, time] = then.toISOString().slice(0, 19).split("T");
  return today.toISOString().startsWith(day) ? time : `${Number(day.slice(-5, -3))}/${Number(day.slice(-2))} ${time}`;
}

if (after !== undefined) {
  document.addEventListener("visibilitychange", () => {
    heard = performance.now();
    connect();
    watch();
  });
  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      pause.ariaPressed = String(pause.ariaPressed !== "true");
      heard = performance.now();
      connect();
      watch();
    });
  }
  connect();
  setInterval(watch, 1_000);
}

if (document.querySelector("[data-visitor]")) {
  setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);
  addEventListener("pageshow", (event) => event.persisted && look());
  if (after === undefined && document.querySelector("[data-fresh]")) setInterval(refresh, LOOK_MS);
}

const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
