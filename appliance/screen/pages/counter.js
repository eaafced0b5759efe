// A counter that is set before a card comes. What is shown follows from the last view, and from what is being typed.
"use strict";

const STALE_MS = 12_000; // the unit gives a sign of life every 5 s
const MOST = 1_000_000;
const TASKS = {
  shop: { wish: "pay", step: 1, ja: "お会計の金額", en: "Amount to pay" },
  desk: { wish: "charge", step: 1000, ja: "チャージの金額(千円ずつ)", en: "Amount to charge, in steps of 1,000" },
};
const ASKED_AGAIN = "COI-003";

const get = (id) => document.getElementById(id);
const yen = (number) => `${number.toLocaleString("ja-JP")}円`;
const time = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "numeric", minute: "2-digit" });
let events, timer, view, done;
let heard = performance.now();
let typed = 0;

function connect() {
  events = new EventSource("/events");
  events.onmessage = (event) => {
    view = JSON.parse(event.data);
    heard = performance.now();
    show();
    document.dispatchEvent(new CustomEvent("view", { detail: view }));
  };
}

function show() {
  const silent = performance.now() - heard;
  get("stale").hidden = silent < STALE_MS;
  if (silent >= STALE_MS && events.readyState === EventSource.CLOSED) connect();
  clearTimeout(timer);
  timer = setTimeout(show, 250);
  if (!view?.till) return;
  const task = TASKS[view.till.counter];
  const left = view.till.wish.what ? view.till.left_ms - view.age_ms - silent : 0;
  const result = view.shown && view.shown.result !== "reading" && view.number !== done ? view.shown : null;
  const body = document.body.dataset;
  body.step = result ? "result" : left > 0 ? "card" : "amount";
  body.state = result ? result.result : "idle";
  write("place", view.place);
  write("open", view.closed ? `－ ${view.closed.short}` : "○ 使えます");
  write("clock", time.format(view.at_ms));
  write("task-ja", task.ja);
  write("task-en", task.en);
  write("amount", yen(typed));
  get("take").disabled = !typed || typed % task.step > 0 || Boolean(view.closed);
  write("problem", view.closed ? view.closed.ja : typed % task.step ? "千円ずつの金額にしてください" : "");
  write("waiting", yen(view.till.wish.amount ?? 0));
  write("left", `残り ${Math.ceil(left / 1000)}秒`);
  write("sign", result?.symbol ?? "");
  write("ja", result?.ja ?? "");
  write("en", result?.en ?? "");
  get("again").toggleAttribute("data-shown", result?.message === ASKED_AGAIN && left > 0);
}

function write(id, text) {
  if (get(id).textContent !== text) get(id).textContent = text;
}

async function set(wish) {
  done = view.number;
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/wish", { method: "POST", headers, body: JSON.stringify(wish) });
  if (!answer.ok) write("problem", "入力を受け付けられません。もう一度入れてください。");
}

get("keys").addEventListener("click", ({ target }) => {
  const { key } = target.dataset;
  if (!key) return;
  const next = key === "C" ? 0 : Number(`${typed}${key}`);
  if (next <= MOST) typed = next;
  show();
});
get("take").addEventListener("click", () => set({ what: TASKS[view.till.counter].wish, amount: typed }));
get("cancel").addEventListener("click", () => set({}));
get("again").addEventListener("click", () => set({ ...view.till.wish, is_sure: true }));
get("next").addEventListener("click", () => {
  typed = 0;
  set({});
  show();
});
addEventListener("keydown", ({ key }) => {
  const button = document.querySelector(`[data-key="${key === "Backspace" ? "C" : key}"]`);
  if (document.body.dataset.step === "amount" && button) button.click();
});
connect();
show();
