// Reads a shop's code with the camera, where the browser can; elsewhere the shop is chosen by its name.

let stream, timer;

export async function canScan() {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return false;
  return (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

// Shows what the camera sees, and calls `found` with what the first code says.
export async function start(video, found) {
  stop();
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  video.srcObject = stream;
  await video.play();
  timer = setInterval(async () => {
    const [code] = await detector.detect(video).catch(() => []);
    if (!code || !stream) return;
    stop();
    found(code.rawValue);
  }, 250);
}

export function stop() {
  clearInterval(timer);
  stream?.getTracks().forEach((track) => track.stop());
  stream = undefined;
}
