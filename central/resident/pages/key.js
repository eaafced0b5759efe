// The phone's own key (Ed25519): made here, and nobody can read it out, not even this page. Older browsers have none.
import * as kept from "./kept.js";

const KIND = { name: "Ed25519" };

// Returns a new key's public half in base64 and keeps its private one; "" where the browser cannot make one.
export async function make() {
  try {
    const pair = await crypto.subtle.generateKey(KIND, false, ["sign", "verify"]);
    await kept.keep("key", pair.privateKey);
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return btoa(String.fromCharCode(...raw));
  } catch {
    return "";
  }
}

export async function sign(bytes) {
  return new Uint8Array(await crypto.subtle.sign(KIND, await kept.read("key"), bytes));
}
