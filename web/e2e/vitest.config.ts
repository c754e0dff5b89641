import { defineConfig } from "vitest/config";

// One file at a time: what is measured must not share the processor with another page.
export default defineConfig({
  test: { include: ["e2e/**/*.e2e.ts"], testTimeout: 240_000, hookTimeout: 60_000, fileParallelism: false },
});
