// What the steps of the counter page share: how things are found, written and sent.

export const get = (id) => document.getElementById(id);
export const yen = (number) => `${number.toLocaleString("ja-JP")}円`;
const clock = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "numeric", minute: "2-digit" });
export const time = (ms) => clock.format(ms);

export function write(id, text) {
  if (get(id).textContent !== text) get(id).textContent = text;
}

// A list of names with figures; only what changed is drawn anew.
export function figures(id, rows) {
  const text = JSON.stringify(rows);
  if (get(id).dataset.rows === text) return;
  get(id).dataset.rows = text;
  get(id).replaceChildren(...rows.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
}

export function make(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Sends something to the unit; what came of it comes back as a view. Returns whether it was taken.
export async function send(path, body) {
  const headers = { "Content-Type": "application/json" };
  document.body.ariaBusy = "true";
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
  document.body.ariaBusy = "false";
  return Boolean(answer?.ok);
}
