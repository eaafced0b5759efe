// Shows the town as it is now, and asks for what the visitor's hands do. The server knows everything; this page keeps
// only who was picked.
"use strict";

const LOOK_MS = 500;
const SCREEN_WIDTH = 800; // a unit's 7-inch screen, made smaller to fit

const get = (id) => document.getElementById(id);
const field = (box, name) => box.querySelector(`[data-field=${name}]`);
let looking;

function picked() {
  return document.querySelector("input[name=resident]:checked")?.value ?? "";
}

async function ask(path, wish) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish) };
  clearTimeout(looking);
  try {
    const answer = await fetch(path, wish && post);
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.why);
    show(said);
    trouble("");
  } catch (error) {
    trouble(error instanceof TypeError ? "町が止まっています。「make demo」でまた始められます。 / The town has stopped. Start it again with make demo." : error.message);
  }
  clearTimeout(looking);
  looking = setTimeout(() => ask("state"), LOOK_MS);
}

function trouble(text) {
  get("trouble").hidden = !text;
  get("trouble").textContent = text;
}

function show(town) {
  get("console").href = town.console;
  get("register").href = `${town.console}/residents/new`;
  get("phone").href = town.phone;
  town.sign_in.forEach(showVisitor);
  for (const one of town.residents) showResident(one, town.units);
  const residents = new Map(town.residents.map((one) => [one.key, one]));
  for (const one of town.units) showUnit(one, residents);
  showHold(get("window").querySelector("button"), residents.get(town.window), "置く", "Lay it here");
}

function showHold(button, holder, ja, en) {
  button.dataset.do = holder ? "take-away" : "hold";
  label(button, holder ? `${holder.name}さんのカードをはなす` : ja, holder ? "Take away" : en);
}

function showVisitor(one, at) {
  const rows = get("sign-in").tBodies[0];
  const row = rows.rows[at] ?? rows.appendChild(get("visitor").content.cloneNode(true).firstElementChild);
  for (const [name, value] of Object.entries(one)) write(field(row, name), value);
}

function showResident(one, units) {
  const box = get(`resident-${one.key}`) ?? addResident(one);
  const at = units.find((unit) => unit.unit === one.at);
  write(field(box, "at"), at ? `${at.name}に` : one.at && "窓口に");
}

function addResident(one) {
  const box = get("resident").content.cloneNode(true).firstElementChild;
  box.id = `resident-${one.key}`;
  box.querySelector("input").value = one.key;
  box.querySelector("input").checked = !picked();
  write(field(box, "name"), one.name);
  write(field(box, "about"), one.about);
  write(field(box, "en"), one.en);
  get("residents").append(box);
  return box;
}

function showUnit(one, residents) {
  const box = get(`unit-${one.unit}`) ?? addUnit(one);
  const [hold, pull, road] = box.querySelectorAll("button");
  showHold(hold, residents.get(one.holds), "かざす", "Hold it here");
  pull.disabled = Boolean(one.holds);
  road.dataset.do = one.is_cut ? "mend" : "cut";
  label(road, one.is_cut ? "回線をつなぐ" : "回線を切る", one.is_cut ? "Connect the network" : "Cut the network");
  box.dataset.road = one.is_cut ? "cut" : "open";
  const held = one.held === null ? "町役場が答えません" : `町役場に届いた記録 ${one.held}件`;
  const sent = one.runs ? `まだ送っていない記録 ${one.unsent}件` : "端末が止まっています";
  write(field(box, "state"), `${held}、${sent}`);
}

function addUnit(one) {
  const box = get("unit").content.cloneNode(true).firstElementChild;
  box.id = `unit-${one.unit}`;
  write(field(box, "name"), one.name);
  write(field(box, "name_en"), one.name_en);
  const frame = box.querySelector("iframe");
  frame.src = one.screen;
  frame.dataset.till = one.is_till;
  if (one.is_till) frame.removeAttribute("tabindex");
  frame.title = `${one.name}の端末の画面`;
  new ResizeObserver(([seen]) => {
    frame.style.transform = `scale(${seen.contentRect.width / SCREEN_WIDTH})`;
  }).observe(frame.parentElement);
  box.addEventListener("click", (event) => {
    const wanted = event.target.closest("button")?.dataset.do;
    if (wanted) ask(wanted, { unit: one.unit, resident: picked() });
  });
  get("units").append(box);
  return box;
}

function label(button, ja, en) {
  if (button.dataset.ja === ja) return;
  button.dataset.ja = ja;
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = en;
  button.replaceChildren(`${ja} `, english);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

get("window").querySelector("button").addEventListener("click", (event) => {
  ask(event.currentTarget.dataset.do, { unit: "window", resident: picked() });
});
ask("state");
