// The phone's code (docs/codes.md, section 2): made on the phone itself, so it needs no network.
import * as kept from "./kept.js";
import { sign } from "./key.js";

export const LIFE_S = 50; // a unit takes it for a minute; clocks differ, and a hand is slow
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const PURPOSE = new TextEncoder().encode("machitap/phone-token/1\0");

export async function canShow() {
  return Boolean((await kept.read("paper")) && (await kept.read("key")));
}

// Returns the text of a new code. It is newer than every one before, so that a unit takes it.
export async function make() {
  const paper = await kept.read("paper");
  const now = Math.floor((Date.now() + ((await kept.read("offset")) ?? 0)) / 1000);
  const at = Math.max(now, ((await kept.read("shown")) ?? 0) + 1);
  await kept.keep("shown", at);
  const time = [...Array(5).keys()].map((place) => Math.floor(at / 256 ** (4 - place)) % 256);
  const shown = Uint8Array.from([...paper, ...time]);
  const signature = await sign(Uint8Array.from([...PURPOSE, ...shown]));
  return `MACHI1:${base45([...shown, ...signature])}`;
}

// RFC 9285
function base45(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 2) {
    const isPair = at + 1 < bytes.length;
    let value = isPair ? bytes[at] * 256 + bytes[at + 1] : bytes[at];
    for (let digit = 0; digit < (isPair ? 3 : 2); digit++, value = Math.floor(value / 45)) text += LETTERS[value % 45];
  }
  return text;
}
