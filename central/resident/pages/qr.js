// Draws a QR code (ISO/IEC 18004) of capitals, digits and $%*+-./: at level M, versions 1 to 15: what a phone shows.
// `modules` says which squares are dark; `draw` makes a picture of them.

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const CHECK = [0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24]; // codewords of each block, by version
const BLOCKS = [0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10];
const LEVEL = 0; // the two bits of level M
const QUIET = 4; // squares around a code (9.1)
const MASKS = [
  (x, y) => (x + y) % 2,
  (_, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

export function modules(text) {
  const { version, bits } = encode(text);
  const data = interleave(version, codewords(version, bits));
  const drawn = MASKS.map((_, mask) => masked(version, data, mask));
  return drawn.reduce((best, next) => (penalty(next) < penalty(best) ? next : best));
}

export function draw(text, label) {
  const rows = modules(text);
  const size = rows.length + 2 * QUIET;
  const dark = rows.flatMap((row, y) => row.map((is, x) => (is ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")));
  const svg = shape("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" });
  svg.append(shape("path", { d: `M0 0h${size}v${size}H0z`, fill: "#fff" }), shape("path", { d: dark.join(""), fill: "#000" }));
  return svg;
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// ---- what is said

function encode(text) {
  for (let version = 1; version < CHECK.length; version++) {
    const bits = [];
    put(bits, 2, 4); // mode: letters and digits
    put(bits, text.length, version < 10 ? 9 : 11);
    for (let at = 0; at < text.length; at += 2) {
      const pair = [...text.slice(at, at + 2)].map((letter) => LETTERS.indexOf(letter));
      if (pair.includes(-1)) throw new Error("a letter that this kind of code does not have");
      if (pair.length === 2) put(bits, pair[0] * 45 + pair[1], 11);
      else put(bits, pair[0], 6);
    }
    if (bits.length <= room(version) * 8) return { version, bits };
  }
  throw new Error("more than this kind of code holds");
}

function put(bits, value, count) {
  for (let at = count - 1; at >= 0; at--) bits.push((value >> at) & 1);
}

function codewords(version, bits) {
  const most = room(version) * 8;
  put(bits, 0, Math.min(4, most - bits.length));
  while (bits.length % 8) bits.push(0);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).join(""), 2));
  for (let pad = 0; words.length < room(version); pad++) words.push(pad % 2 ? 0x11 : 0xec);
  return words;
}

function room(version) {
  return Math.floor(squares(version) / 8) - CHECK[version] * BLOCKS[version];
}

// How many squares are left for data: all but the patterns.
function squares(version) {
  let count = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const lines = Math.floor(version / 7) + 2;
    count -= (25 * lines - 10) * lines - 55;
  }
  return version >= 7 ? count - 36 : count;
}

// ---- Reed-Solomon over GF(256), polynomial 11D (annex A)

function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
  return product;
}

function divisor(degree) {
  let poly = [1];
  let root = 1;
  for (let at = 0; at < degree; at++) {
    const next = [...poly, 0];
    poly.forEach((factor, place) => (next[place + 1] ^= times(factor, root)));
    poly = next;
    root = times(root, 2);
  }
  return poly.slice(1);
}

function remainder(words, poly) {
  const left = poly.map(() => 0);
  for (const word of words) {
    const factor = word ^ left.shift();
    left.push(0);
    poly.forEach((one, at) => (left[at] ^= times(one, factor)));
  }
  return left;
}

function interleave(version, words) {
  const count = BLOCKS[version];
  const whole = Math.floor(squares(version) / 8);
  const short = Math.floor(whole / count) - CHECK[version];
  const shorts = count - (whole % count);
  const poly = divisor(CHECK[version]);
  const blocks = [];
  for (let block = 0, at = 0; block < count; block++) {
    const data = words.slice(at, (at += short + (block < shorts ? 0 : 1)));
    blocks.push({ data, check: remainder(data, poly) });
  }
  const woven = (part, length) => [...Array(length).keys()].flatMap((at) => blocks.flatMap((one) => (at in one[part] ? [one[part][at]] : [])));
  return [...woven("data", short + 1), ...woven("check", CHECK[version])];
}

// ---- where it stands

function masked(version, data, mask) {
  const size = version * 4 + 17;
  const dark = Array.from({ length: size }, () => Array(size).fill(false));
  const fixed = Array.from({ length: size }, () => Array(size).fill(false));
  const set = (x, y, is) => {
    dark[y][x] = Boolean(is);
    fixed[y][x] = true;
  };
  patterns(version, size, set);
  format(size, mask, set);
  fill(size, data, dark, fixed);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) if (!fixed[y][x] && MASKS[mask](x, y) === 0) dark[y][x] = !dark[y][x];
  }
  return dark;
}

function patterns(version, size, set) {
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [left, top] of [[3, 3], [size - 4, 3], [3, size - 4]]) {
    for (let dy = -4; dy <= 4; dy++) {
      for (let dx = -4; dx <= 4; dx++) {
        const [x, y, far] = [left + dx, top + dy, Math.max(Math.abs(dx), Math.abs(dy))];
        if (x >= 0 && y >= 0 && x < size && y < size) set(x, y, far !== 2 && far !== 4);
      }
    }
  }
  const lines = alignment(version, size);
  const last = lines.length - 1;
  lines.forEach((y, row) => lines.forEach((x, column) => {
    if ((row === 0 && column === 0) || (row === 0 && column === last) || (row === last && column === 0)) return;
    for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
  }));
  if (version < 7) return;
  const bits = (version << 12) | checked(version, 12, 0x1f25);
  for (let at = 0; at < 18; at++) {
    const [far, near] = [size - 11 + (at % 3), Math.floor(at / 3)];
    set(far, near, (bits >> at) & 1);
    set(near, far, (bits >> at) & 1);
  }
}

function alignment(version, size) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, at) => size - 7 - (count - 2 - at) * step)];
}

function checked(value, degree, poly) {
  let left = value;
  for (let at = 0; at < degree; at++) left = (left << 1) ^ ((left >> (degree - 1)) * poly);
  return left;
}

function format(size, mask, set) {
  const value = (LEVEL << 3) | mask;
  const bits = ((value << 10) | checked(value, 10, 0x537)) ^ 0x5412;
  const bit = (at) => (bits >> at) & 1;
  for (let at = 0; at < 8; at++) {
    set(8, at < 6 ? at : at + 1, bit(at));
    set(size - 1 - at, 8, bit(at));
  }
  set(7, 8, bit(8));
  set(8, size - 7, bit(8));
  for (let at = 9; at < 15; at++) {
    set(14 - at, 8, bit(at));
    set(8, size - 15 + at, bit(at));
  }
  set(8, size - 8, true);
}

function fill(size, data, dark, fixed) {
  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (fixed[y][x] || bit >= data.length * 8) continue;
        dark[y][x] = Boolean((data[bit >> 3] >> (7 - (bit & 7))) & 1);
        bit++;
      }
    }
  }
}

// ---- which mask is easiest to read (7.8.3)

function penalty(dark) {
  const size = dark.length;
  const lines = [...dark, ...dark.map((_, x) => dark.map((row) => row[x]))].map((line) => line.map((is) => (is ? "1" : "0")).join(""));
  let points = 0;
  for (const line of lines) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
    for (const _ of line.matchAll(/(?=0000(1011101)|(1011101)0000)/g)) points += 40;
  }
  for (let y = 1; y < size; y++) {
    for (let x = 1; x < size; x++) {
      const here = dark[y][x];
      if (here === dark[y - 1][x] && here === dark[y][x - 1] && here === dark[y - 1][x - 1]) points += 3;
    }
  }
  const share = dark.flat().filter(Boolean).length / (size * size);
  return points + Math.floor(Math.abs(share * 100 - 50) / 5) * 10;
}
