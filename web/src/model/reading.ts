/** What a model's state says of each cell: logits over tokens turned into probabilities of cell values. */

import { type Cells, UNDECIDED } from "../rules/shape";

/** One decoded state, z_H or z_L. */
export interface Reading {
  /** The most probable value of each cell, `UNDECIDED` where that is the padding token. */
  readonly cells: Cells;
  /** (cells, values) probability of every value, row by row; what is missing to 1 is padding. */
  readonly probability: Float32Array<ArrayBuffer>;
  /** (cells,) softmax probability of that most probable value. */
  readonly confidence: Float32Array<ArrayBuffer>;
}

/** Decode (cells, tokens) logits; token 0 is padding and token t is cell value t - 1. */
export function readLogits(logits: Float32Array, tokens: number): Reading {
  const count = logits.length / tokens;
  const cells = new Uint8Array(count);
  const probability = new Float32Array(count * (tokens - 1));
  const confidence = new Float32Array(count);
  for (let cell = 0; cell < count; cell++) {
    const row = logits.subarray(cell * tokens, (cell + 1) * tokens);
    const highest = maximum(row);
    const odds = row.map((logit) => Math.exp(logit - highest));
    const total = odds.reduce((sum, part) => sum + part, 0);
    const best = row.indexOf(highest);
    cells[cell] = best === 0 ? UNDECIDED : best - 1;
    confidence[cell] = 1 / total;
    probability.set(
      odds.subarray(1).map((part) => part / total),
      cell * (tokens - 1),
    );
  }
  return { cells, probability, confidence };
}

/** A state before any update: every cell is undecided. */
export function undecided(count: number, values: number): Reading {
  return {
    cells: new Uint8Array(count).fill(UNDECIDED),
    probability: new Float32Array(count * values),
    confidence: new Float32Array(count),
  };
}

/** The highest of some numbers. */
export function maximum(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}

/** The probability of a logit. */
export function sigmoid(logit: number): number {
  return 0.5 * (1 + Math.tanh(0.5 * logit));
}
