import { expect, test } from "vitest";
import { readLogits, sigmoid, undecided } from "../../src/model/reading";
import { UNDECIDED } from "../../src/rules/shape";

test("token 0 is padding, and token t is cell value t - 1", () => {
  const { cells, probability, confidence } = readLogits(Float32Array.from([0, 0, Math.log(2), 5, 0, 0]), 3);
  expect([...cells]).toEqual([1, UNDECIDED]);
  expect(probability[0]).toBeCloseTo(0.25);
  expect(probability[1]).toBeCloseTo(0.5);
  expect(confidence[0]).toBeCloseTo(0.5);
  expect((probability[2] ?? 0) + (probability[3] ?? 0) + (confidence[1] ?? 0)).toBeCloseTo(1);
});

test("large logits do not overflow", () => {
  const { probability } = readLogits(Float32Array.from([-1e4, 1e4, 1e4]), 3);
  expect([...probability]).toEqual([0.5, 0.5]);
  expect(sigmoid(1e4)).toBe(1);
  expect(sigmoid(-1e4)).toBe(0);
  expect(sigmoid(0)).toBe(0.5);
});

test("before an update every cell is undecided", () => {
  const blank = undecided(4, 5);
  expect([...blank.cells]).toEqual(Array(4).fill(UNDECIDED));
  expect(blank.probability.length).toBe(20);
});
