// The codes of a counter: the bill that a phone may pay while a card is waited for, and the receipt of the last result.
"use strict";

document.addEventListener("view", ({ detail: view }) => {
  const { bill = "", receipt = "", prints = false } = view.till ?? {};
  get("bill").hidden = !bill;
  load("bill-code", bill && `/bill.svg?${bill}`);
  get("receipt").toggleAttribute("data-shown", Boolean(receipt) && view.shown?.entry === receipt);
  get("print").hidden = !prints;
  get("notice").hidden = !view.notice;
  write("notice", view.notice?.ja ?? "");
});

function load(id, address) {
  if (get(id).getAttribute("src") !== address) get(id).setAttribute("src", address);
}

async function giveAgain() {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/receipt", { method: "POST", headers, body: "{}" });
  write("paper-said", answer.ok ? "印刷しています" : "印刷できません");
}

get("receipt").addEventListener("click", () => {
  write("paper-said", "スマホで読み取れます");
  load("paper-code", `/receipt.svg?${view.till.receipt}`);
  get("paper").showModal();
});
get("print").addEventListener("click", giveAgain);
get("close").addEventListener("click", () => get("paper").close());
