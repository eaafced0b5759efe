// The codes of a counter: the bill that a phone may pay while a card is waited for, and the receipt of the last result.
// counter.js says what is on the board, as an event.

const get = (id) => document.getElementById(id);
let receipt = "";

document.addEventListener("view", ({ detail: view }) => {
  const { bill = "", prints = false } = view.till ?? {};
  receipt = view.till?.receipt ?? "";
  get("bill").hidden = !bill;
  load("bill-code", bill && `/bill.svg?${bill}`);
  get("receipt").hidden = !receipt || view.shown?.entry !== receipt;
  get("paper-print").hidden = !prints;
  get("notice").hidden = !view.notice;
  get("notice").textContent = view.notice?.ja ?? "";
});

function load(id, address) {
  if (address && get(id).getAttribute("src") !== address) get(id).setAttribute("src", address);
}

async function giveAgain() {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/receipt", { method: "POST", headers, body: "{}" });
  get("paper-said").textContent = answer.ok ? "印刷しています" : "印刷できません";
}

get("receipt").addEventListener("click", () => {
  get("paper-said").textContent = "スマホで読み取れます";
  load("paper-code", `/receipt.svg?${receipt}`);
  get("paper").showModal();
});
get("paper-print").addEventListener("click", giveAgain);
get("paper-close").addEventListener("click", () => get("paper").close());
