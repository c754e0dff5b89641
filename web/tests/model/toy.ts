/** A recurrence over numbers instead of a model: every state depends on the whole sequence of updates that made it. */

import type { Graphs } from "../../src/model/mind";

export const PRIME = 10007;

/** @param runs gets the letter of every update that is run. */
export function toyGraphs(runs: string[] = [], cells = 1): Graphs<number> {
  return {
    tokens: 2,
    start: async (puzzle) => ({ x: puzzle.length, z_H: 1, z_L: 2 }),
    update: async (letter, { z_H, z_L }, x) => {
      runs.push(letter);
      return letter === "L" ? (3 * z_L + 5 * z_H + x) % PRIME : (7 * z_H + 11 * z_L) % PRIME;
    },
    decode: async (z) => Float32Array.from({ length: 2 * cells }, (_, index) => (index % 2) * (z / PRIME)),
    halt: async (z) => z / PRIME,
  };
}
