// What this page asks the town. Every call comes back with an answer, a refusal in words, or nothing if there is no road.

let token = "";

export const setToken = (value) => (token = value);

export async function get(path) {
  return read(() => fetch(path, { headers: { Accept: "application/json" } }));
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-Machi-Token": token };
  return read(() => fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

// Lets the town look at a square picture: a byte for each pixel, from black to white.
export async function look(pixels) {
  const headers = { "Content-Type": "application/octet-stream", "X-Machi-Token": token };
  return read(() => fetch("/look", { method: "POST", headers, body: pixels }));
}

async function read(ask) {
  try {
    const answer = await ask();
    const said = await answer.json();
    return answer.ok ? { said } : { refused: said };
  } catch {
    return {};
  }
}
