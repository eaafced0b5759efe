// Who stands behind the counter: a number, then a PIN, on the pad that is always the same; or a card, at any time.
import { get, send, write } from "./parts.js";

const DIGITS_MAX = 8;

let number = 0;
let digits = "";

export const isMissing = (till) => till.operator.is_needed && !till.operator.number;
export const called = ({ number, name, is_supervisor }) => `${is_supervisor ? "責任者" : "担当"} ${name || number}`;

export function begin() {
  number = 0;
  digits = "";
}

export function press(key) {
  const next = key === "C" ? "" : `${digits}${key}`;
  if (next.length <= DIGITS_MAX) digits = next;
}

// Takes what is typed; returns whether the unit was asked, and will say what came of it.
export async function goOn() {
  const typed = digits;
  digits = "";
  if (!number) {
    number = Number(typed);
    return false;
  }
  const who = number;
  number = 0;
  return send("/sign-in", { number: who, pin: typed });
}

export const goOut = () => send("/sign-in", {});

export function showSignIn() {
  write("signin-ja", number ? "暗証番号" : "係員の番号");
  write("signin-en", number ? "Your PIN" : "Your number");
  write("signin", number ? "●".repeat(digits.length) : digits);
  write("signin-hint", number ? `係員 ${number}` : "カードをタッチしても始められます");
  get("signin-on").disabled = !digits;
  get("signin-step").classList.toggle("secret", Boolean(number));
}
