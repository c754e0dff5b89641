import { expect, test } from "vitest";
import { readLogits } from "../../src/model/reading";
import { rulesOf } from "../../src/rules/rules";
import { sudoku } from "../../src/rules/sudoku";
import { History } from "../../src/think/history";
import { cellTitle } from "../../src/view/cell";
import { sceneOf } from "../../src/view/scene";
import { cellWords, momentWords, readingWords } from "../../src/view/words";

const rules = rulesOf(sudoku(4));
const PUZZLE = new Uint8Array(16).with(0, 2);

/** Logits that give each cell the digit 3 with a probability. */
function reading(probability: number) {
  const logit = Math.log((probability / (1 - probability)) * 4);
  return readLogits(
    Float32Array.from({ length: 16 * 6 }, (_, index) => (index % 6 === 4 ? logit : index % 6 === 0 ? -99 : 0)),
    6,
  );
}

function thought(probability: number): History {
  const history = new History(rules, PUZZLE, "LH", 4);
  history.push({ letter: "L", reading: reading(probability), halting: null, milliseconds: 0 });
  history.push({ letter: "H", reading: reading(0.9), halting: 0.25, milliseconds: 0 });
  return history;
}

test("a digit is written from half the probability on, and pencilled below", () => {
  expect(sceneOf(thought(0.6), "z_L", null).cells[5]).toBe(3);
  const pencilled = sceneOf(thought(0.4), "z_L", null);
  expect(pencilled.cells[5]).toBe(0);
  expect(pencilled.candidates?.[5 * 4 + 2]).toBeCloseTo(0.8);
  expect(pencilled.cells[0]).toBe(3); // where the puzzle has a given, what the state says of it is always written
});

test("the cells that an update changed are highlighted on its own board", () => {
  const history = thought(0.9);
  expect(sceneOf(history, "z_H", null).highlight).toContain(1);
  expect(sceneOf(history, "z_L", null).highlight).toBeNull();
  expect(sceneOf(history, "puzzle", null).highlight?.[0]).toBe(1);
  history.seek(1);
  expect(sceneOf(history, "puzzle", null).cells).toEqual(PUZZLE);
  expect(sceneOf(history, "puzzle", null).highlight).toBeNull();
});

test("a screen reader hears what is drawn", () => {
  const history = thought(0.4);
  expect(momentWords(history)).toBe("ACT step 1, H update 2, halting probability 0.25, not solved");
  expect(cellWords(rules, sceneOf(history, "z_L", null), 5)).toBe("row 2, column 2: candidates 1 2 3 4");
  expect(cellWords(rules, sceneOf(history, "z_H", null), 5)).toBe("row 2, column 2: 3, 90 %");
  expect(readingWords(rules, history.now.z_L, 5)).toBe("3, 40 %");
  expect(cellTitle(history, 5)).toBe("Row 2, column 2: z_H 3, 90 % · z_L 3, 40 %");
  history.seek(0);
  expect(momentWords(history)).toBe("Before the first update");
  expect(cellWords(rules, sceneOf(history, "puzzle", null), 0)).toBe("row 1, column 1: 2, given");
  expect(cellWords(rules, sceneOf(history, "z_H", null), 0)).toBe("row 1, column 1: undecided");
});
