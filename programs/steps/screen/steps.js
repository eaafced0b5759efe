// The page for pedometers: a number, then a card. What is shown follows from the last view and from what is typed.
import { get, send, time, write } from "/parts.js";

const STALE_MS = 12_000; // the unit gives a sign of life every 5 s
const STAYS_MS = 5_000; // so long a result stays at least: some read slowly
const MOST = 60_000; // what the rules take

let events, timer, view, done;
let heard = performance.now();
let typed = 0;
let day = "steps";

function connect() {
  events = new EventSource("/events");
  events.onmessage = (event) => {
    view = JSON.parse(event.data);
    heard = performance.now();
    if (!view.till && location.search.includes("display=1")) location.replace("/display");
    show();
  };
  events.addEventListener("key", (event) => press(JSON.parse(event.data).key));
}

function show() {
  const silent = performance.now() - heard;
  get("stale").hidden = silent < STALE_MS;
  if (silent >= STALE_MS && events.readyState === EventSource.CLOSED) connect();
  clearTimeout(timer);
  timer = setTimeout(show, 250);
  if (!view?.till) return;
  const age = view.age_ms + silent;
  const left = view.till.wish.what ? view.till.left_ms - age : 0;
  const { shown } = view;
  const isOver = !shown || shown.result === "reading" || view.number === done || age > Math.max(shown.seconds * 1000, STAYS_MS);
  const body = document.body.dataset;
  body.step = !isOver ? "result" : left > 0 ? "card" : "amount";
  body.state = isOver ? "idle" : shown.result;
  write("place", view.place);
  write("open", view.closed ? `－ ${view.closed.short}` : "○ 使えます");
  write("clock", time(view.at_ms));
  ({ amount: showAmount, card: showCard, result: showResult })[body.step](left);
}

const steps = (number) => `${number.toLocaleString("ja-JP")}歩`;

function showAmount() {
  write("amount", steps(typed));
  write("problem", view.closed ? view.closed.ja : "");
  get("take").disabled = !typed || Boolean(view.closed);
  get("today").ariaPressed = String(day === "steps");
  get("yesterday").ariaPressed = String(day !== "steps");
}

function showCard(left) {
  write("waiting", steps(view.till.wish.amount));
  write("left", `${view.till.wish.what === "steps" ? "きょう" : "きのう"}の歩数 ・ 残り ${Math.ceil(left / 1000)}秒`);
}

function showResult() {
  for (const id of ["ja", "en"]) write(id, view.shown[id]);
  write("sign", view.shown.symbol);
}

// ---- what a person does

function on(id, act) {
  get(id).addEventListener("click", act);
}

function set(wish) {
  done = view.number;
  return send("/wish", wish);
}

// The next person begins with nothing of what the one before typed.
function next() {
  typed = 0;
  day = "steps";
  set({});
  show();
}

document.querySelector(".keys").addEventListener("click", ({ target }) => {
  const { key } = target.dataset;
  if (!key) return;
  const number = key === "C" ? 0 : Number(`${typed}${key}`);
  if (number <= MOST) typed = number;
  show();
});
for (const [id, what] of [["today", "steps"], ["yesterday", "steps-yesterday"]]) {
  on(id, () => {
    day = what;
    show();
  });
}
on("take", async () => {
  if (await set({ what: day, amount: typed })) {
    typed = 0;
    day = "steps";
  }
});
on("cancel", next);
on("next", next);

// The keys beside the screen, and of a keyboard, do what the page's own buttons do, and nothing else.
const KEYS = { Enter: "enter", Escape: "cancel", Backspace: "clear", Delete: "clear" };

function press(key) {
  const where = { enter: "button.main", cancel: "#cancel, #next", clear: '[data-key="C"]' };
  const found = get(`${document.body.dataset.step}-step`)?.querySelectorAll(where[key] ?? `[data-key="${CSS.escape(key)}"]`) ?? [];
  [...found].find((button) => !button.disabled)?.click();
}

addEventListener("keydown", (event) => {
  const key = KEYS[event.key] ?? (/^\d$/.test(event.key) ? event.key : "");
  if (!key || event.repeat) return;
  event.preventDefault(); // a button that has the focus would be pressed as well
  press(key);
});
connect();
show();
