// Shows what the unit says: always the one picture that follows from the last view and from how old it is.
"use strict";

const STALE_MS = 12_000; // the unit gives a sign of life every 5 s
const SOUND_LATE_MS = 1_000;

const get = (id) => document.getElementById(id);
const time = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "numeric", minute: "2-digit" });
let events, timer, sounded, audio, notes;
let view = null;
let heard = performance.now();

function connect() {
  events = new EventSource("/events");
  events.onmessage = (event) => {
    view = JSON.parse(event.data);
    heard = performance.now();
    // The unit's own display follows the unit, which may become a shop's while it runs.
    if (view.till && location.search.includes("display=1")) location.replace("/display");
    show();
    play();
  };
}

function show() {
  const silent = performance.now() - heard;
  let next = STALE_MS - silent; // in so many milliseconds the picture changes by itself
  const until = (ms) => (next = Math.min(next, ms));
  get("stale").hidden = next > 0;
  document.body.toggleAttribute("data-stale", next <= 0);
  if (next <= 0) {
    next = STALE_MS;
    if (events.readyState === EventSource.CLOSED) connect();
  }
  if (view) {
    const age = view.age_ms + silent;
    const left = (view.shown?.seconds ?? 0) * 1000 - age;
    const shown = view.shown?.seconds && left <= 0 ? null : view.shown;
    if (left > 0) until(left);
    let end = 0;
    const light = view.light.find((pattern) => (end += pattern.ms || Infinity) > age);
    if (light?.ms) until(end - age);
    draw(shown, light ?? { colour: "off", motion: "steady" });
  }
  clearTimeout(timer);
  timer = setTimeout(show, next);
}

function draw(shown, light) {
  const words = shown ?? view.closed ?? view.invitation ?? { ja: "", en: "", short: "" };
  const body = document.body.dataset;
  body.state = shown ? shown.result : view.closed ? "closed" : "idle";
  body.open = String(!view.closed);
  get("ring").dataset.colour = light.colour;
  get("ring").dataset.motion = light.motion;
  write("clock", time.format(view.at_ms));
  const ja = words.ja.replace(/ (?=[^()]*\))/g, "\u00a0"); // a telephone number in brackets stays on one line
  const texts = { place: view.place, "place-en": view.place_en, ja, en: words.en, short: words.short };
  for (const [id, text] of Object.entries(texts)) write(id, text);
  fit();
}

function write(id, text) {
  if (get(id).textContent !== text) get(id).textContent = text;
}

// Makes words smaller until nothing is cut, however long a place's name is.
function fit() {
  for (const box of document.querySelectorAll("[data-fit]")) {
    let size = 1.04;
    do box.style.setProperty("--fit", (size -= 0.04));
    while (size > 0.3 && (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight));
  }
}

// With ?sound=1 a laptop plays the unit's sounds, as far as its browser lets it; a unit has its own loudspeaker.
async function play() {
  if (!location.search.includes("sound=1") || view.number === sounded) return;
  sounded = view.number;
  if (!view.shown || view.age_ms > SOUND_LATE_MS) return;
  const { result } = view.shown;
  notes ??= await (await fetch("/earcons.json")).json();
  audio ??= new AudioContext();
  await audio.resume(); // waits until somebody has touched the page; by then it may be too late for this sound
  if (view.number !== sounded || performance.now() - heard + view.age_ms > SOUND_LATE_MS) return;
  let at = audio.currentTime;
  for (const { hz, ms, pause_ms } of notes[result] ?? []) {
    [1, 0.35, 0.15].forEach((share, harmonic) => tone(hz * (harmonic + 1), share * 0.2, at, ms / 1000));
    at += (ms + pause_ms) / 1000;
  }
}

function tone(hz, loudness, at, seconds) {
  const [source, volume] = [audio.createOscillator(), audio.createGain()];
  source.frequency.value = hz;
  volume.gain.setValueAtTime(loudness, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
  source.connect(volume).connect(audio.destination);
  source.start(at);
  source.stop(at + seconds);
}

addEventListener("resize", () => view && fit());
document.fonts.ready.then(() => view && fit());
connect();
show();
