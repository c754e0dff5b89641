// Files whose names hold a hash never change: they are fetched once. The rest is fetched anew where there is a network.
const CACHE = "air-envs-1";
const HASHED = /\/assets\/|\/models\/[^/]+\//;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const own = new URL(request.url).origin === self.location.origin;
  if (request.method === "GET" && own) event.respondWith(HASHED.test(request.url) ? kept(request) : fresh(request));
});

async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? store(cache, request);
}

async function fresh(request) {
  const cache = await caches.open(CACHE);
  try {
    return await store(cache, request);
  } catch (error) {
    const old = await cache.match(request);
    if (old) return old;
    throw error;
  }
}

async function store(cache, request) {
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}
