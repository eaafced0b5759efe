// Has a card read by the program on this PC (machi desk), and puts what it said into the form. Without this script it is pasted.
"use strict";

// What was typed goes to that program alone, in a request's body; it is taken out of the page as soon as it is sent.
async function ask(box, signal) {
  const secret = box.querySelector("[data-secret]");
  const body = JSON.stringify({ secret: secret.value.trim() });
  secret.value = "";
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body, signal };
  const answer = await fetch(`${box.dataset.reader}/v1/${box.dataset.ask}`, { ...asked, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
  return answer.json();
}

function tell(box, ...parts) {
  box.querySelector("[data-told]").replaceChildren(...parts);
}

function say(box, why) {
  tell(box, box.querySelector(`[data-why=${why}]`).content.cloneNode(true));
}

function repeat(box, said) {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = said.en;
  tell(box, `${said.ja} `, english);
}

function goOn(box, said) {
  const field = document.getElementById(box.dataset.into);
  const form = field.form;
  field.value = JSON.stringify(said.document);
  say(box, "ready");
  if (box.dataset.then === "send") form.requestSubmit();
  else form.querySelector("button.main").focus();
}

for (const box of document.querySelectorAll("[data-reader]")) {
  const [read, stop, secret] = ["read", "stop", "secret"].map((name) => box.querySelector(`[data-${name}]`));
  let asking;
  const start = async () => {
    if (asking) return;
    asking = new AbortController();
    box.dataset.state = "waiting";
    read.disabled = true;
    stop.hidden = false;
    say(box, "waiting");
    try {
      const said = await ask(box, asking.signal);
      box.dataset.state = said.ok ? "read" : "refused";
      if (said.ok) goOn(box, said);
      else repeat(box, said);
    } catch (error) {
      box.dataset.state = "refused";
      say(box, error.name === "AbortError" ? "stopped" : "gone");
    }
    asking = undefined;
    read.disabled = false;
    stop.hidden = true;
    if (box.dataset.state === "refused") secret.focus();
  };
  box.hidden = false;
  read.addEventListener("click", start);
  stop.addEventListener("click", () => asking?.abort());
  secret.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    start();
  });
  addEventListener("pagehide", () => asking?.abort());
}

// Whoever comes to register somebody begins with the card; a child's form, or one that was refused, has its own first field.
const first = document.querySelector("#from-card [data-secret]");
if (first && !first.form.elements.guardian.value && !document.querySelector("[role=alert].bad")) first.focus();
