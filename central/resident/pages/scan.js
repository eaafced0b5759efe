// Reads a shop's code with the camera: by itself where the browser can, else the town's server looks at the pictures.
import { look } from "./calls.js";

const SIDE = 480; // pixels of a picture that the town looks at
const BY_ITSELF_MS = 250;
const BY_THE_TOWN_MS = 1_000;

let stream;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const canScan = () => Boolean(navigator.mediaDevices);

// Shows what the camera sees, and calls `found` with what the first code says.
export async function start(video, found) {
  stop();
  const [read, ms] = (await readsByItself()) ? [byItself(), BY_ITSELF_MS] : [byTheTown(), BY_THE_TOWN_MS];
  const mine = (stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }));
  video.srcObject = mine;
  await video.play();
  follow(mine, () => read(video), ms, found);
}

export function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = undefined;
}

async function follow(mine, read, ms, found) {
  while (stream === mine) {
    const code = await read();
    if (stream !== mine) return;
    if (code) {
      stop();
      return found(code);
    }
    await pause(ms);
  }
}

async function readsByItself() {
  return "BarcodeDetector" in window && (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

function byItself() {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (video) => (await detector.detect(video).catch(() => []))[0]?.rawValue;
}

// Sends the middle of the picture, in shades of grey. Nothing of it is kept.
function byTheTown() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const side = Math.min(video.videoWidth, video.videoHeight);
    const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
    brush.drawImage(video, left, top, side, side, 0, 0, SIDE, SIDE);
    const { data } = brush.getImageData(0, 0, SIDE, SIDE);
    const grey = Uint8Array.from({ length: SIDE * SIDE }, (_, at) => data[4 * at + 1]);
    return (await look(grey)).said?.code;
  };
}
