// The page of a counter. What is shown follows from the last view and sheet, from where a person went, and what is typed.
import { day, hasCash, isDesk, leftOf, lineOf, payments, refresh, showDay, showLine, showPayments, showRoad } from "./day.js";
import * as drawer from "./drawer.js";
import { get, make, send, time, write, yen } from "./parts.js";
import * as people from "./people.js";
import * as pin from "./pin.js";

const STALE_MS = 12_000; // the unit gives a sign of life every 5 s
const BRIEF_MS = 2_500; // so long something stays that nobody has to answer
const FORGOTTEN_MS = 90_000; // so long the unit remembers whose card was held first
const MOST = 1_000_000;
const LARGE = 10_000; // so much is asked about once
const ADDS = [1, 5, 10]; // in steps of the town's
const USABLE = "COI-001";
const AGAIN = "COI-003";
const PART = "COI-011";
const DONE = ["COI-020", "COI-022", "COI-031"]; // paid, or charged: can be taken back at once
const EMPTY = "COI-051";
const WHICH = "COI-077";
const BRIEF = ["TAP-053", "TAP-054"]; // signed in, signed out
const DIFFERENCE = ["COI-061", "COI-062", "COI-066"];
const ASKS = {
  pay: ["カードをここにタッチ", "Touch your card here"],
  charge: ["同じカードをもう一度タッチ", "Touch the same card again"],
  refund: ["返金します。支払ったカードをタッチ", "Refund: touch the card that paid"],
  which: ["返金する人のカードをタッチ", "Touch the card that paid"],
  pin: ["暗証番号を決める人のカードをタッチ", "Touch the card that the PIN is for"],
  void: ["取り消します。そのとき使ったカードをタッチ", "Void: touch the card that was used"],
};

let events, timer, view, done;
let heard = performance.now();
let typed = 0;
let at = ""; // the step where a person went, "" for the first one
let chosen = ""; // the line of the day that was pressed, or the payment of a card
let held = []; // the payments of the card that was touched to choose one of
let cash = 0; // what is left to be paid in cash, of an amount that was only paid in part

function connect() {
  events = new EventSource("/events");
  events.onmessage = async (event) => {
    view = JSON.parse(event.data);
    heard = performance.now();
    if (!view.till && location.search.includes("display=1")) location.replace("/display");
    show();
    await refresh();
    show();
    document.dispatchEvent(new CustomEvent("view", { detail: view }));
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
  const left = view.till.wish.what ? view.till.left_ms - view.age_ms - silent : 0;
  const lasts = BRIEF.includes(view.shown?.message) ? BRIEF_MS : view.shown?.message === USABLE ? FORGOTTEN_MS : Infinity;
  const isOver = view.age_ms + silent > lasts;
  const result = view.shown && view.shown.result !== "reading" && view.number !== done && !isOver ? view.shown : null;
  const body = document.body.dataset;
  body.step = step(result, left);
  body.state = body.step === "result" ? result.result : "idle";
  write("place", view.place);
  const { operator } = view.till;
  body.practice = view.practice ? "on" : "";
  write("open", view.closed ? `－ ${view.closed.short}` : operator.number ? `○ ${people.called(operator)}` : "○ 使えます");
  write("clock", time(view.at_ms));
  showRoad(view.practice);
  STEPS[body.step]?.(result, left);
}

function step(result, left) {
  if (result?.message === USABLE && isDesk(view.till)) return "charge";
  if (result?.message === WHICH) return "which";
  if (DIFFERENCE.includes(result?.message)) return drawer.isCounted() ? "difference" : "count";
  if (pin.isAsked(result?.message)) return "pin";
  if (result) return "result";
  if (people.isMissing(view.till)) return "signin";
  if (left > 0) return "card";
  return at || (isDesk(view.till) ? "touch" : "amount");
}

const STEPS = {
  signin: people.showSignIn,
  amount: () => {
    write("task-ja", isDesk(view.till) ? "料金の支払い" : "お会計の金額");
    write("task-en", "Amount to pay");
    write("amount", yen(typed));
    get("to-today").hidden = isDesk(view.till);
    get("from-fees").hidden = !isDesk(view.till);
    get("take").disabled = !typed;
    get("take").hidden = Boolean(view.closed);
    write("problem", view.closed ? view.closed.ja : "");
  },
  sure: () => write("large", yen(typed)),
  touch: () => write("drawer-hint", view.closed ? view.closed.ja : hasCash() ? "" : "釣り銭がまだです。「きょうの記録」から入れてください。"),
  charge: showCharge,
  card: (_, left) => {
    const { what, amount, about = "" } = view.till.wish;
    const [ja, en] = ASKS[what === "refund" && !about ? "which" : what];
    write("ask-ja", ja);
    write("ask-en", en);
    write("waiting", what === "pin" || (what === "refund" && !about) ? "" : yen(what === "void" ? lineOf(about)?.yen ?? 0 : amount));
    write("left", cash ? `残り ${Math.ceil(left / 1000)}秒 ・ ほかに現金 ${yen(cash)}` : `残り ${Math.ceil(left / 1000)}秒`);
  },
  pin: pin.showPin,
  result: showResult,
  today: () => showDay(view.till),
  more: () => {
    get("to-signin").hidden = !view.till.operator.can_be || view.practice;
    get("to-refund").hidden = !(view.till.operator.is_supervisor && day()?.refund_days);
    get("to-practice").firstChild.textContent = view.practice ? "練習をおわる " : "練習 ";
  },
  which: ({ values }) => showPayments((held = payments(values))),
  line: () => showLine(lineOf(chosen), view.till),
  refund: () => {
    const left = leftOf(refunding());
    write("refund", yen(typed));
    write("refund-all", `のこり全部 ${yen(left)}`);
    get("refund-take").disabled = !typed || typed > left;
  },
  close: () => showDay(view.till),
  count: () => drawer.showCount(typed),
  difference: (result) => drawer.showDifference(result.values),
};

function showCharge(result) {
  const { rights } = result.values;
  const terms = day() ?? { step_yen: 1000, ceiling_yen: 0 };
  const room = Math.max(0, terms.ceiling_yen - rights);
  write("usable", yen(rights));
  write("charge", yen(typed));
  write("room", typed > room ? `このカードに入れられるのは、あと${yen(room)}までです。` : `チャージのあと ${yen(rights + typed)}`);
  if (get("adds").dataset.step !== String(terms.step_yen)) {
    get("adds").dataset.step = terms.step_yen;
    const adds = ADDS.map((steps) => make("button", `＋${yen(steps * terms.step_yen)}`, { "data-add": steps * terms.step_yen }));
    get("adds").replaceChildren(...adds, make("button", "消す", { "data-add": 0 }));
  }
  get("charge-take").disabled = !typed || typed > room;
}

function showResult(result, left) {
  const { rights, yen: asked } = result.values;
  const isPart = result.message === PART;
  write("sign", result.symbol);
  write("ja", isPart ? `使えるのは ${yen(rights)}までです。お金は動いていません。` : result.ja);
  write("en", isPart ? "" : result.en);
  const owed = isPart ? asked - rights : result.result === "ok_pay" ? cash : 0;
  write("cash", !owed ? "" : isPart ? `のこり ${yen(owed)}は現金で` : `ほかに現金 ${yen(owed)}をいただく`);
  write("part", isPart ? `コインで ${yen(rights)}だけ` : "");
  get("part").hidden = !isPart;
  get("again").hidden = !(result.message === AGAIN && left > 0);
  const isUnsigned = result.message === pin.UNSIGNED;
  get("signed").hidden = !isUnsigned;
  get("empty").hidden = result.message !== EMPTY;
  get("undo").hidden = !DONE.includes(result.message);
  get("next").classList.toggle("main", !isPart && !isUnsigned && result.message !== EMPTY);
}

// ---- what a person does

// Goes to a step and keeps what is typed; `go` begins it anew.
function turn(step) {
  at = step;
  show();
}

function go(step) {
  typed = 0;
  turn(step);
}

// Leaves the result that is shown, whatever becomes of what is sent.
async function set(wish) {
  done = view.number;
  if (!(await send("/wish", wish))) go("");
}

async function act(what, more = {}) {
  done = view.number;
  at = "";
  if (!(await send("/act", { what, ...more }))) go("");
}

// Begins or ends practice; what was typed, or was to be paid, belongs to the other side.
async function practise(on) {
  done = view.number;
  people.begin();
  if (await send("/practice", { on })) next();
  else go("today");
}

const refunding = () => lineOf(chosen) ?? held.find((line) => line.entry === chosen);

function pay() {
  cash = 0;
  pin.begin();
  set({ what: "pay", amount: typed });
}

function begin(what) {
  drawer.begin(what);
  go("count");
}

function on(id, press) {
  get(id).addEventListener("click", press);
}

for (const keys of document.querySelectorAll(".keys")) {
  keys.append(get("keypad").content.cloneNode(true));
  keys.addEventListener("click", ({ target }) => {
    const { key } = target.dataset;
    if (!key) return;
    const secret = { signin: people, pin }[document.body.dataset.step];
    if (secret) {
      secret.press(key);
      return show();
    }
    const next = key === "C" ? 0 : Number(`${typed}${key}`);
    if (next <= (document.body.dataset.step === "count" ? drawer.most : MOST)) typed = next;
    show();
  });
}
for (const back of document.querySelectorAll("[data-back]")) {
  back.addEventListener("click", () => {
    if (at === "sure") turn(isDesk(view.till) ? "amount" : "");
    else go(["line", "refund", "more"].includes(at) ? "today" : at === "practice" ? "more" : "");
  });
}

on("take", () => (typed > LARGE ? turn("sure") : pay()));
on("large-yes", () => {
  at = "";
  pay();
});
for (const today of ["to-today", "to-day"]) on(today, () => go("today"));
on("to-fees", () => go("amount"));
on("to-close", () => (hasCash() && isDesk(view.till) ? begin("count-drawer") : go("close")));
on("to-drawer", () => begin("open-drawer"));
on("close-yes", () => act("close"));
on("empty", () => act("close", { is_sure: true }));

on("adds", ({ target }) => {
  if (target.dataset.add === undefined) return;
  typed = Number(target.dataset.add) ? Math.min(MOST, typed + Number(target.dataset.add)) : 0;
  show();
});
on("charge-take", () => set({ what: "charge", amount: typed, is_for_same: true }));
on("charge-stop", () => next());

on("lines", ({ target }) => {
  const entry = target.closest("[data-entry]")?.dataset.entry;
  if (!entry) return;
  chosen = entry;
  go("line");
});
on("line-void", () => {
  at = "";
  set({ what: "void", about: chosen });
});
on("line-paper", () => document.dispatchEvent(new CustomEvent("paper", { detail: chosen })));
on("line-refund", () => go("refund"));
on("to-refund", () => set({ what: "refund" }));
on("which-stop", () => next());
on("which", ({ target }) => {
  const entry = target.closest("[data-entry]")?.dataset.entry;
  if (!entry) return;
  chosen = entry;
  at = "refund";
  set({}); // the card is touched again, with the amount
});
on("refund-all", () => {
  typed = leftOf(refunding());
  show();
});
on("refund-take", () => {
  at = "";
  set({ what: "refund", amount: typed, about: chosen });
});

on("to-more", () => go("more"));
on("to-practice", () => {
  if (view.practice) practise(false);
  else go("practice");
});
on("practice-yes", () => practise(true));

on("to-pin", () => {
  pin.begin();
  set({ what: "pin" });
});
on("pin-on", async () => {
  await pin.goOn(view.shown.message);
  show();
});
for (const sign of ["pin-sign", "signed"]) on(sign, () => pin.sign());
on("pin-stop", () => next());

on("to-signin", () => {
  people.begin();
  go("signin");
  if (view.till.operator.number) people.goOut();
});
on("signin-on", async () => {
  if (await people.goOn()) at = "";
  show();
});
on("signin-back", () => {
  people.begin();
  go("");
});

on("count-on", async () => {
  const pieces = typed;
  typed = 0;
  done = view.number;
  if (await drawer.count(pieces)) at = "";
  show();
});
on("count-back", () => go(drawer.takeBack() === undefined ? "today" : "count"));
on("reasons", ({ target }) => {
  drawer.choose(target.closest("[data-reason]")?.dataset.reason);
  show();
});
on("recount", () => {
  done = view.number;
  begin("count-drawer");
});
on("difference-yes", () => {
  const { difference } = view.shown.values;
  done = view.number;
  drawer.agree(difference);
});

on("cancel", () => next());
on("again", () => set({ ...view.till.wish, is_sure: true }));
on("part", () => {
  const { rights, yen: asked } = view.shown.values;
  cash = asked - rights;
  set({ what: "pay", amount: rights });
});
on("undo", () => {
  cash = 0;
  set({ what: "void", about: view.shown.entry });
});
on("next", () => next());

function next() {
  pin.begin();
  typed = cash = 0;
  at = "";
  set({});
  show();
}

// The keys beside the screen, and of a keyboard, do what the page's own buttons do, and nothing else.
const CANCELS = "[data-back], #cancel, #which-stop, #charge-stop, #pin-stop, #signin-back, #count-back, #recount, #next";
const KEYS = { Enter: "enter", Escape: "cancel", Backspace: "clear", Delete: "clear" };

function press(key) {
  const isOpen = get("paper").open;
  const step = isOpen ? get("paper") : get(`${document.body.dataset.step}-step`);
  const where = { enter: "button.main", cancel: isOpen ? "#paper-close" : CANCELS, clear: '[data-key="C"]' };
  const found = step?.querySelectorAll(where[key] ?? `[data-key="${CSS.escape(key)}"]`) ?? [];
  [...found].find((button) => button.checkVisibility({ visibilityProperty: true }) && !button.disabled)?.click();
}

addEventListener("keydown", (event) => {
  const key = KEYS[event.key] ?? (/^\d$/.test(event.key) ? event.key : "");
  if (!key || event.repeat) return;
  event.preventDefault(); // a button that has the focus would be pressed as well
  press(key);
});
connect();
show();
