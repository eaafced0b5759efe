// The drawer of a desk: notes and coins are counted one kind after the other, and a difference is seen before it counts.
import { figures, get, send, write, yen } from "./parts.js";

const PIECES = [10000, 5000, 2000, 1000, 500, 100, 50, 10, 5, 1]; // as programs/coin/till/facts.py has them
const MOST = 9_999;

let counts = [];
let what = "count-drawer";
let reason = "";

export function begin(act) {
  what = act;
  counts = [];
  reason = "";
}

export const isCounted = () => counts.length === PIECES.length;

// Takes the number of one kind; returns whether that was the last, and the unit has heard of all.
export async function count(pieces) {
  counts.push(pieces);
  if (!isCounted()) return false;
  const isHeard = await send("/act", { what, counts });
  if (!isHeard) counts.pop();
  return isHeard;
}

export const takeBack = () => counts.pop();
export const most = MOST;

export function showCount(typed) {
  const piece = PIECES[Math.min(counts.length, PIECES.length - 1)];
  write("piece", `${piece.toLocaleString("ja-JP")}円${piece >= 1000 ? "札" : "玉"}は何枚ですか`);
  write("piece-at", `${Math.min(counts.length + 1, PIECES.length)} / ${PIECES.length}`);
  write("pieces", `${typed}枚`);
  const sum = [...counts, typed].reduce((total, pieces, at) => total + pieces * (PIECES[at] ?? 0), 0);
  write("counted", `ここまで ${yen(sum)}`);
}

export function showDifference({ expected, counted, difference }) {
  const sign = difference > 0 ? "+" : difference < 0 ? "−" : "";
  const rows = [["あるはずの現金", yen(expected)], ["数えた現金", yen(counted)]];
  figures("cash-sums", [...rows, ["差", `${sign}${yen(Math.abs(difference))}`]]);
  write("why", difference ? "差の理由をえらんでください。わからなくてもかまいません。" : "合っています。");
  get("reasons").hidden = !difference;
  for (const button of get("reasons").children) button.setAttribute("aria-pressed", button.dataset.reason === reason);
  get("difference-yes").disabled = Boolean(difference) && !reason;
}

export const choose = (chosen) => (reason = chosen ?? reason);
export const agree = (difference) =>
  send("/act", { what, counts, amount: difference, reason: difference ? reason : "", is_sure: true });
