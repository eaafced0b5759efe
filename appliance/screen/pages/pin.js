// A resident's PIN for large payments, on the pad that is always the same: typed by them, never shown; at a desk chosen.
import { get, send, write, yen } from "./parts.js";

const DIGITS_MAX = 8;
const DIGITS_MIN = 4;
const ASKED = ["COI-081", "COI-082"]; // for a payment: the first time, and after a wrong one
const CHOSEN = ["COI-084", "COI-087"]; // at a desk
export const UNSIGNED = "COI-080";

let digits = "";
let first = ""; // of one that is being chosen
let problem = "";

const isChosen = (message) => CHOSEN.includes(message);
export const isAsked = (message) => ASKED.includes(message) || isChosen(message);

export function begin() {
  digits = first = problem = "";
}

export function press(key) {
  const next = key === "C" ? "" : `${digits}${key}`;
  if (next.length <= DIGITS_MAX) digits = next;
  problem = "";
}

export async function goOn(message) {
  const typed = digits;
  digits = "";
  if (isChosen(message) && !first) {
    first = typed;
    return;
  }
  const isSame = !first || first === typed;
  first = "";
  if (isSame) await send("/pin", { pin: typed });
  else problem = "2回の番号がちがいます。はじめから押してください。";
}

export const sign = () => send("/pin", { is_signed: true });

export function showPin({ message, ja, values }) {
  const isNew = isChosen(message);
  write("pin-ja", isNew ? (first ? "もう一度、同じ番号" : "あたらしい暗証番号") : "暗証番号");
  write("pin-en", isNew ? (first ? "The same once more" : "Choose a PIN") : "Your PIN");
  write("pin", "●".repeat(digits.length));
  const isWrong = message === ASKED[1] || message === CHOSEN[1];
  const amount = isNew ? "お客さまが押してください" : `${yen(values.yen)} ・ お客さまが押してください`;
  write("pin-hint", problem || (isWrong && !digits && !first ? ja : amount));
  get("pin-on").disabled = digits.length < DIGITS_MIN;
  get("pin-sign").hidden = isNew;
}
