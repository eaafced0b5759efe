// Has a passkey made, or has one sign, and sends its answer as the form's. Without this script a password does.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (raw) =>
  btoa(String.fromCharCode(...new Uint8Array(raw))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }));

// Asks the console what is to be signed; when it is not the time for that, it says why.
async function ask(form) {
  const sent = form.dataset.passkey === "create" ? { method: "POST", body: new URLSearchParams(new FormData(form)) } : {};
  const answer = await fetch(form.dataset.ask, sent);
  if (answer.redirected) location.reload(); // signed out or locked meanwhile
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error("not now"), { name: said.why });
  said.challenge = toBytes(said.challenge);
  said.allowCredentials = named(said.allowCredentials);
  said.excludeCredentials = named(said.excludeCredentials);
  if (said.user) said.user.id = toBytes(said.user.id);
  return said;
}

async function answered(form) {
  const publicKey = await ask(form);
  const shown = await navigator.credentials[form.dataset.passkey]({ publicKey });
  const { clientDataJSON, attestationObject, authenticatorData, signature } = shown.response;
  const parts = { credential: shown.rawId, client: clientDataJSON, made: attestationObject, data: authenticatorData, signature };
  for (const [name, raw] of Object.entries(parts)) if (form.elements[name]) form.elements[name].value = toText(raw);
}

function say(form, why) {
  const lines = [...form.querySelectorAll("[data-why]")];
  const line = lines.find((one) => one.dataset.why === why) ?? lines.find((one) => one.dataset.why === "failed");
  for (const one of lines) one.hidden = one !== line;
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (!globalThis.PublicKeyCredential) break;
  form.hidden = false;
  document.querySelector("[data-no-passkeys]")?.remove();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await answered(form);
      form.submit();
    } catch (error) {
      say(form, error.name);
      button.disabled = false;
    }
  });
}
