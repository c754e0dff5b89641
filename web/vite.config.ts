import { defineConfig } from "vite";

// Relative addresses: the site works in any folder of any server.
export default defineConfig({
  base: "./",
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 600 },
});
