// The resident's page. One step is shown at a time; what is shown follows from what the town said last, or what is kept.
import { get as ask, post, setToken } from "./calls.js";
import * as draws from "./draws.js";
import * as kept from "./kept.js";
import * as key from "./key.js";
import * as pay from "./pay.js";
import { draw } from "./qr.js";
import * as scan from "./scan.js";
import * as show from "./show.js";

const MOST = 1_000_000;
const FRESH_MS = 15_000; // the sheet is asked for again while it is looked at
const WATCH_MS = 3_000; // and more often while a code is shown
const WHAT = {
  pay: ["支払い", "Paid"],
  charge: ["チャージ", "Charged"],
  void: ["取り消し", "Taken back"],
  refund: ["返金", "Given back"],
  gift: ["町から", "From the town"],
  other: ["そのほか", "Other"],
};

const get = (id) => document.getElementById(id);
const yen = (number) => `${number.toLocaleString("ja-JP")}円`;
const inTokyo = (options) => new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", ...options });
const clock = inTokyo({ hour: "numeric", minute: "2-digit" });
const day = inTokyo({ month: "numeric", day: "numeric", hour: "numeric", minute: "2-digit" });

let home; // what the town said last
let about; // whom the resident is about to pay: a shop, and its code if one was read
let typed = 0;
let wanted; // the order that is about to be sent
let raffle; // the draw of which a ticket is wanted
let shown; // the number of the payment that is shown as done
let timer;

const step = () => document.body.dataset.step;

function go(name) {
  clearInterval(timer);
  scan.stop();
  document.body.dataset.step = name;
  window.scrollTo(0, 0);
}

function make(tag, text, name = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

// Writes Japanese with English beside it.
function write(element, ja, en = "") {
  const small = make("small", en);
  small.lang = "en";
  element.replaceChildren(ja, ...(en ? [" ", small] : []));
}

const writeShop = (shop) => document.querySelectorAll(".shop").forEach((one) => write(one, shop.name, shop.name_en));

// ---- home

async function refresh() {
  const { said, refused } = await ask("/home");
  if (refused) return refused.why === "often" ? undefined : close(refused);
  if (said) {
    home = said;
    setToken(said.token);
    await kept.keep("offset", said.sheet.at_ms - Date.now());
    await kept.keep("home", { ...said, token: "" });
  } else {
    home = (await kept.read("home")) ?? home;
  }
  write(get("road"), said ? "" : "電波がありません", said ? "" : "No network");
  if (home) await showHome();
  return Boolean(home);
}

async function showHome() {
  const { sheet, town } = home;
  get("town").textContent = `${town}のコイン`;
  get("usable").textContent = yen(sheet.usable);
  write(get("points"), `ポイント ${sheet.points.toLocaleString("ja-JP")}`, `${sheet.points.toLocaleString("en")} points`);
  get("away").hidden = !sheet.away.length;
  write(
    get("away"),
    sheet.away.map((one) => `${one.name}の機械にある${yen(one.yen)}は、機械が町とつながるまで確かめられません。`).join(""),
    "Some of it lies at a machine that has not called the town for a while.",
  );
  get("lines").replaceChildren(...sheet.lines.map(line));
  write(get("as-of"), `${clock.format(sheet.at_ms)} までに届いた記録です。お店の分は、あとから届くことがあります。`, "As far as it has arrived; shops may send more later.");
  get("to-draws").hidden = !home.draws?.length; // a page that was kept on the phone may be older than this one
  if (step() === "draws") showDraws();
  const canShow = await show.canShow();
  get("to-code").hidden = !canShow;
  get("no-code").hidden = canShow;
}

function line({ at_ms, what, name, name_en, yen: moved, is_coming }) {
  const [ja, en] = WHAT[what] ?? WHAT.other;
  const item = make("li", "");
  const told = make("span", name ? `${name} ` : "");
  told.append(name ? make("span", ja, "what") : ja, make("small", `${day.format(at_ms)} ${[name_en, en].filter(Boolean).join(" ")}`));
  if (is_coming) told.append(make("small", "お店の機械へ連絡中 On its way to the shop", "coming"));
  item.append(told, make("span", `${moved < 0 ? "−" : "＋"}${yen(Math.abs(moved))}`, "yen"));
  return item;
}

async function goHome() {
  about = wanted = undefined;
  typed = 0;
  go("home");
  timer = setInterval(refresh, FRESH_MS);
  await refresh();
}

function close({ ja, en }) {
  get("closed-ja").textContent = ja;
  get("closed-en").textContent = en;
  get("closed-phone").textContent = home?.phone ? `電話 ${home.phone}` : "";
  go("closed");
}

function refuse({ ja, en }) {
  get("refused-ja").textContent = ja;
  get("refused-en").textContent = en;
  go("refused");
}

// ---- the link

async function link() {
  get("link").disabled = true;
  const code = location.hash.slice(1);
  const { said, refused } = await post("/in", { code, key: await key.make() });
  get("link").disabled = false;
  if (!said && !refused) return write(get("road"), "電波がありません。もう一度押してください。", "No network. Press again.");
  history.replaceState(null, "", "/");
  if (refused) return close(refused);
  if (said.paper) await kept.keep("paper", Uint8Array.from(atob(said.paper), (one) => one.charCodeAt(0)));
  await goHome();
}

// ---- the phone's code

async function showCode() {
  go("code");
  const text = await show.make();
  const until = performance.now() + show.LIFE_S * 1000;
  const before = newest();
  get("code").replaceChildren(draw(text, "しはらいQR"));
  get("code").dataset.text = text;
  countDown(until);
  let turns = 0;
  timer = setInterval(async () => {
    countDown(until);
    if (++turns % (WATCH_MS / 500) === 0 && navigator.onLine) {
      await refresh();
      if (step() === "code" && newest() !== before) showPaid(home.sheet.lines[0]);
    }
  }, 500);
}

function countDown(until) {
  const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
  for (const id of ["code", "left"]) get(id).classList.toggle("is-over", !left);
  get("code-again").hidden = Boolean(left);
  get("code-said").hidden = !left;
  if (left) write(get("left"), `あと ${left}秒`, `${left} s left`);
  else write(get("left"), "QRの時間が切れました。お店で「払いました」と出ていなければ、もう一度出してください。", "Expired. If the till has not said that it is paid, show a new one.");
}

const newest = () => home?.sheet.lines[0]?.entry ?? "";

function showPaid({ name, name_en, yen: moved, entry }) {
  if (moved >= 0) return goHome();
  writeShop({ name, name_en });
  showDone(-moved, 0, entry, true);
}

// ---- paying a shop

async function chooseShop() {
  go("whom");
  get("scan").hidden = !(await scan.canScan());
  get("camera").hidden = true;
  get("shops").replaceChildren();
  const { said, refused } = await ask("/shops");
  if (refused) return close(refused);
  if (!said) return refuse({ ja: "電波がありません。お店に払うには電波がいります。「QRを見せて払う」か、カードは使えます。", en: "No network. To pay a shop from here one is needed; your code and your card work without." });
  get("shops").replaceChildren(...said.map((shop) => {
    const item = make("li", "");
    const button = make("button", "");
    write(button, shop.name, shop.name_en);
    button.addEventListener("click", () => chosen({ shop, yen: null }));
    item.append(button);
    return item;
  }));
}

async function startScan() {
  get("camera").hidden = false;
  get("scan").hidden = true;
  await scan.start(get("seen"), readCode).catch(() => {
    get("camera").hidden = true;
  });
}

async function readCode(code) {
  const { said, refused } = await post("/read", { code });
  if (refused) return refuse(refused);
  if (!said) return refuse({ ja: "電波がありません。お金は減っていません。", en: "No network. No money was taken." });
  chosen({ ...said, code });
}

function chosen(bill) {
  about = bill;
  typed = bill.yen ?? 0;
  writeShop(bill.shop);
  if (bill.yen) askSure();
  else showAmount();
}

function showAmount() {
  go("amount");
  get("typed").textContent = yen(typed);
  get("amount-on").disabled = !typed;
}

function askSure() {
  wanted = pay.order(about, typed);
  get("sure-yen").textContent = yen(typed);
  get("sure-road").hidden = about.shop.in_reach;
  write(
    get("sure-road"),
    "お店の機械は、いま町とつながっていません。払ったあと、この画面をお店の人に見せてください。",
    "The shop's machine is out of reach now. After paying, show this screen to the shop.",
  );
  go("sure");
}

async function send() {
  go("wait");
  get("wait-unknown").hidden = true;
  say("送っています", "Sending");
  const { paid, refused } = await pay.send(wanted, () => say("お店の機械からお金を取り寄せています。このままお待ちください。", "Fetching the money from the shops' machines. Please wait."));
  if (refused) return refuse(refused);
  if (!paid) {
    say("電波がなく、払えたかまだ分かりません。「もう一度送る」を押してください。二重には払われません。", "No network: it is not known yet whether it was paid. Send it again; nothing is paid twice.");
    get("wait-unknown").hidden = false;
    return;
  }
  showPayment(paid);
}

function showPayment(paid) {
  writeShop(paid.shop);
  showDone(paid.yen, paid.points, paid.entry, paid.is_heard, paid.shop.in_reach);
  const { number } = paid;
  shown = number;
  if (!paid.is_heard) pay.follow(number, () => step() === "done" && shown === number, () => showHeard(true));
}

function say(ja, en) {
  get("wait-ja").textContent = ja;
  get("wait-en").textContent = en;
}

function showDone(amount, points, entry, isHeard, inReach = true) {
  get("done-yen").textContent = yen(amount);
  write(get("done-more"), points ? `${points}ポイントつきました` : "", points ? `${points} points earned` : "");
  get("done-entry").textContent = `${day.format(Date.now())} ・ ${entry}`;
  showHeard(isHeard, inReach);
  go("done");
}

function showHeard(isHeard, inReach = true) {
  get("done-road").classList.toggle("is-heard", isHeard);
  if (isHeard) write(get("done-road"), "お店の機械にも届きました。", "The shop's machine has it too.");
  else if (inReach) write(get("done-road"), "お店の機械に知らせています。", "Telling the shop's machine.");
  else write(get("done-road"), "お店の機械は町とつながっていません。この画面をお店の人に見せてください。支払いは済んでいます。", "The shop's machine is out of reach. Show this screen to the shop: it is paid.");
}

// ---- draws

function element(tag, ja, en, name = "") {
  const made = make(tag, "", name);
  write(made, ja, en);
  return made;
}

function showDraws() {
  get("draws-points").textContent = home.sheet.points.toLocaleString("ja-JP");
  const before = new Set([...document.querySelectorAll("#draws details[open]")].map((one) => one.closest("li").dataset.draw));
  draws.fill(get("draws"), home.draws, home.sheet.at_ms, element, askTicket);
  for (const item of get("draws").children) if (before.has(item.dataset.draw)) item.querySelector("details")?.setAttribute("open", "");
}

function goDraws() {
  go("draws");
  sayOfDraws("", "");
  showDraws();
  timer = setInterval(refresh, FRESH_MS);
}

function sayOfDraws(ja, en) {
  get("draws-said").hidden = !ja;
  write(get("draws-said"), ja, en);
}

function askTicket(draw) {
  raffle = draw;
  const cost = draw.cost.toLocaleString("ja-JP");
  write(get("ticket-what"), `「${draw.title_ja}」に1口、${cost}ポイントで申し込みますか。`, `One ticket of ${draw.title_en} for ${cost} points?`);
  get("ticket-ask").showModal();
}

async function takeTicket() {
  get("ticket-ask").close();
  sayOfDraws("申し込んでいます", "Asking for it");
  const { said, refused } = await draws.take(raffle.draw);
  if (refused) return refuse(refused);
  if (!said) return sayOfDraws("電波がなく、申し込めたかまだ分かりません。もう一度押してください。二重にはなりません。", "No network: it is not known yet. Press again; nothing is taken twice.");
  const ticket = said.tickets.at(-1);
  sayOfDraws(`申し込みました。券の番号は ${ticket} です。`, `Your ticket is ${ticket}.`);
  await refresh();
}

// ---- what a person does

const on = (id, press) => get(id).addEventListener("click", press);

on("link", link);
on("to-code", showCode);
on("code-again", showCode);
on("to-pay", chooseShop);
on("scan", startScan);
on("amount-on", askSure);
on("pay", send);
on("wait-again", send);
on("wait-stop", lookBack);
on("keys", ({ target }) => {
  const { key: pressed } = target.dataset;
  if (!pressed) return;
  const next = pressed === "C" ? 0 : Number(`${typed}${pressed}`);
  if (next <= MOST) typed = next;
  showAmount();
});
on("to-draws", goDraws);
on("ticket-yes", takeTicket);
on("ticket-no", () => get("ticket-ask").close());
on("out", () => get("out-ask").showModal());
on("out-no", () => get("out-ask").close());
on("out-yes", async () => {
  get("out-ask").close();
  await post("/out", {});
  await kept.forgetAll();
  close({ ja: "切りはなしました。お金はカードに残っています。", en: "Unlinked. Your money is still on your card." });
});
for (const back of document.querySelectorAll("[data-home]")) back.addEventListener("click", goHome);

async function start() {
  navigator.serviceWorker?.register("/worker.js");
  if (location.pathname === "/in" && location.hash) return go("link");
  if (!(await refresh())) {
    if (step() === "starting") close({ ja: "電波がありません。電波のあるところで開いてください。", en: "No network. Please open it where there is one." });
    return;
  }
  await lookBack();
}

// Goes home, by way of what became of a payment of which that is not known yet.
async function lookBack() {
  await goHome();
  const before = await pay.ask();
  if (before?.refused) refuse(before.refused);
  if (before?.paid) showPayment(before.paid);
}

start();
