// Keeps the page itself on the phone, so that it opens without a network; what is in the books is never kept here.

const SHELL = "shell";
const FILES = ["/", "/resident.css", "/resident.js", "/calls.js", "/draws.js", "/kept.js", "/key.js", "/pay.js", "/qr.js", "/scan.js", "/show.js", "/icon.svg"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  const name = pathname === "/in" ? "/" : pathname;
  if (event.request.method !== "GET" || !FILES.includes(name)) return;
  event.respondWith(fresh(event.request, name));
});

async function fresh(request, name) {
  const cache = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(name, answer.clone());
    return answer;
  } catch {
    return (await cache.match(name)) ?? Response.error();
  }
}
