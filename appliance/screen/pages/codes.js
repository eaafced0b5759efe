// The codes of a counter: the bill that a phone may pay while a card is waited for, and the receipt of the last result.
// counter.js says what is on the board, as an event.

const get = (id) => document.getElementById(id);
let receipt = "";
let prints = false;

document.addEventListener("view", ({ detail: view }) => {
  const { bill = "" } = view.till ?? {};
  prints = view.till?.prints ?? false;
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

// Has a receipt given again, marked as such: that of an entry, or the last one.
async function giveAgain(entry) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/receipt", { method: "POST", headers, body: JSON.stringify({ entry }) }).catch(() => null);
  const said = prints ? "再発行を印刷しています" : "再発行 / Reprint";
  get("paper-said").textContent = answer?.ok ? said : "再発行できません";
  return Boolean(answer?.ok);
}

function open(entry, said) {
  get("paper-said").textContent = said;
  get("paper-code").hidden = !entry;
  load("paper-code", entry && `/receipt.svg?${entry}`);
  get("paper").showModal();
}

get("receipt").addEventListener("click", () => open(receipt, "スマホで読み取れます"));
// The unit takes an earlier one up as its last, so that its code is the one that is shown.
document.addEventListener("paper", async ({ detail: entry }) => {
  const isGiven = await giveAgain(entry);
  open(isGiven ? entry : "", get("paper-said").textContent);
});
get("paper-print").addEventListener("click", () => giveAgain(""));
get("paper-close").addEventListener("click", () => get("paper").close());
