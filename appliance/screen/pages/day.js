// A counter's day: whether the town was heard, what was taken since the last closing, and the last lines.
import { figures, get, make, time, write, yen } from "./parts.js";

const HEARD_S = 90; // the unit calls the town every quarter of a minute
const MINUTE_S = 60;
const HOUR_S = 3600;

let sheet = null;
let asking = null; // what is being fetched
let again = false;

export const day = () => sheet?.counter ?? null;

// Fetches the sheet, one at a time, and once more if something happened meanwhile: the answer under way may not know of it.
// A unit that does not answer shows as a display that stands still.
export function refresh() {
  again = true;
  asking ??= fetchAll();
  return asking;
}

async function fetchAll() {
  while (again) {
    again = false;
    const answer = await fetch("/sheet").catch(() => null);
    if (answer?.ok) sheet = await answer.json().catch(() => sheet); // a unit that is killed breaks off
  }
  asking = null;
}

export function showRoad(isPractice) {
  if (isPractice) {
    get("road").toggleAttribute("data-late", false);
    write("road", "練習 TRAINING ・ お金は動きません。「きょうの記録」からおわります。");
    return;
  }
  if (!sheet) return;
  const late = day()?.is_late;
  get("road").toggleAttribute("data-late", Boolean(late));
  write("road", late ? "きのうまでの分が締まっていません。「きょうの記録」から締めてください。" : `${heard()} ・ ${waiting()}`);
}

function heard() {
  const since = sheet.heard_s;
  if (since === null) return "町とはまだ通信していません。このまま使えます";
  if (since < HEARD_S) return "町と通信しています";
  const ago = since < HOUR_S ? `${Math.floor(since / MINUTE_S)}分前` : `${Math.floor(since / HOUR_S)}時間前`;
  return `町との通信 ${ago}。このまま使えます`;
}

function waiting() {
  const { waiting: count, waiting_yen: sum } = day() ?? { waiting: 0 };
  return count ? `これから送る記録 ${count}件 ${yen(sum)}` : "記録は送信ずみ";
}

export const isDesk = (till) => till?.counter === "desk";
export const hasCash = () => Boolean(day()?.drawer.is_open || day()?.drawer.taken);

function sums(of, desk) {
  const rows = [["売り上げ", `${of.payments}件 ${yen(of.paid)}`]];
  if (of.voids) rows.push(["取り消し", `${of.voids}件 −${yen(of.voided)}`]);
  if (desk) rows.push(["チャージ", `${of.charges}件 ${yen(of.charged)}`]);
  if (of.refunds) rows.push(["返金", `${of.refunds}件 −${yen(of.refunded)}`]);
  if (of.undos) rows.push(["その取り消し", `${of.undos}件 −${yen(of.undone)}`]);
  return rows;
}

export function showDay(till) {
  const now = day();
  if (!now) return;
  const desk = isDesk(till);
  const rows = sums(now.sums, desk);
  figures("closing", rows);
  figures("sums", desk ? [...rows, ["引き出し", yen(now.drawer.opening + now.drawer.taken)]] : rows);
  const last = now.last;
  write("closed", last ? `前の締め 第${last.number}回 ${time(last.at_ms)}${last.is_automatic ? "(自動)" : ""}` : "");
  get("to-drawer").hidden = !desk || hasCash();
  showLines(now);
}

function showLines(now) {
  const text = JSON.stringify(now.lines);
  const list = get("lines");
  if (list.dataset.lines === text) return;
  list.dataset.lines = text;
  const none = make("li", "きょうの記録はまだありません", { class: "note" });
  list.replaceChildren(...(now.lines.length ? now.lines.map((line) => drawn(line, now.day)) : [none]));
}

const WHAT = { charge: "チャージ", pay: "支払い", refund: "返金" };

function drawn(line, today) {
  const item = document.createElement("li");
  const button = make("button", "", { "data-entry": line.entry });
  const what = [line.what !== "pay" && WHAT[line.what], line.is_closed && !line.is_void && "締めずみ"];
  if (line.day !== today) what.push("前の日");
  what.push(line.is_void ? "取り消しずみ" : line.back && `返金 ${yen(line.back)}`);
  const amount = `${line.what === "refund" ? "−" : ""}${yen(line.yen)}`;
  button.append(make("span", time(line.at_ms)), make("b", amount), make("span", what.filter(Boolean).slice(-2).join("\n")));
  item.append(button);
  return item;
}

// What a card's payments are that can be given back, as the unit says them after a touch.
export const payments = ({ rows }) =>
  rows.split("\n").map((row) => {
    const [entry, at, sum, left] = row.split(" ");
    return { entry, what: "pay", at_ms: Number(at), yen: Number(sum), back: Number(sum) - Number(left) };
  });

const when = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", month: "numeric", day: "numeric" });

export function showPayments(found) {
  const text = JSON.stringify(found);
  if (get("which").dataset.lines === text) return;
  get("which").dataset.lines = text;
  get("which").replaceChildren(
    ...found.map((line) => {
      const item = document.createElement("li");
      const button = make("button", "", { "data-entry": line.entry });
      const back = line.back ? `返金 ${yen(line.back)}` : "";
      button.append(make("span", `${when.format(line.at_ms)}\n${time(line.at_ms)}`), make("b", yen(line.yen)), make("span", back));
      item.append(button);
      return item;
    }),
  );
}

export const leftOf = (line) => (line ? line.yen - line.back : 0);

// One line, and what can still be done about it: by whom, the unit decides when it is asked.
export function showLine(line, till) {
  if (!line) return;
  const { day: today } = day();
  const of = line.of && lineOf(line.of);
  write("line-about", `${WHAT[line.what]} ${line.day === today ? "" : "前の日の "}${time(line.at_ms)}`);
  write("line-yen", `${line.what === "refund" ? "−" : ""}${yen(line.yen)}`);
  const back = line.back ? `返金ずみ ${yen(line.back)}` : "";
  write("line-note", line.is_void ? "取り消しずみ" : of ? `${time(of.at_ms)} の支払い ${yen(of.yen)} の返金` : back);
  get("line-void").hidden = line.is_void || line.back > 0 || line.what === "refund" || line.day !== today;
  const canRefund = line.what === "pay" && !line.is_void && line.returns >= today && leftOf(line) > 0;
  get("line-refund").hidden = !canRefund || !till.operator.is_supervisor;
}

export const lineOf = (about) => day()?.lines.find((line) => about.endsWith(line.entry));
