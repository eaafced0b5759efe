// One payment, from the number that is drawn for it to what became of it: nothing is paid twice, whatever is sent twice.
// The number is kept on the phone until that is known; a page that is opened again asks, and does not send anew.
import { post } from "./calls.js";
import * as kept from "./kept.js";

const FETCH_MS = 1_500; // between two questions whether the money has come
const FETCHES = 24;
const HEARD_MS = 2_000;
const HEARINGS = 20;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Returns a number that no other order has.
export function drawNumber() {
  const drawn = crypto.getRandomValues(new Uint8Array(16));
  return [...drawn].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Returns an order with a number of its own.
export function order(about, yen) {
  const number = drawNumber();
  const whom = about.code ? { code: about.code } : { place: about.shop.place };
  return { number, yen, ...whom };
}

// Returns what became of an order of which that was not known when the page was closed. Nothing is paid by asking.
export async function ask() {
  const number = await kept.read("order");
  if (!number) return undefined;
  const { said, refused } = await post("/paid", { number });
  if (said || refused) await kept.forget("order");
  return { paid: said && { ...said, number }, refused };
}

// Sends an order until it is known what became of it. `fetching` is called when the money has to be brought first.
export async function send(wanted, fetching) {
  await kept.keep("order", wanted.number);
  for (let turn = 0; turn < FETCHES; turn++) {
    const { said, refused } = await post("/pay", wanted);
    if (!said && !refused) return {}; // nobody knows: it is kept, and sent again
    if (refused || said.entry) {
      await kept.forget("order");
      return { paid: said && { ...said, number: wanted.number }, refused };
    }
    fetching(said);
    await pause(FETCH_MS);
  }
  await kept.forget("order");
  return { refused: { ja: "お店の機械からお金がまだ届きません。お金は減っていません。すこし待って、もう一度払ってください。", en: "The money has not come from the shops' machines yet. No money was taken. Please try again in a while." } };
}

// Calls `heard` once the shop's machine has heard of a payment, as long as somebody may be looking.
export async function follow(number, goesOn, heard) {
  for (let turn = 0; turn < HEARINGS && goesOn(); turn++) {
    await pause(HEARD_MS);
    if (!goesOn()) return;
    const { said } = await post("/paid", { number });
    if (said?.is_heard) return heard();
  }
}
