import { expect, test } from "vitest";
import type { Change } from "../../src/model/mind";
import { rulesOf } from "../../src/rules/rules";
import type { Cells } from "../../src/rules/shape";
import { sudoku } from "../../src/rules/sudoku";
import { History } from "../../src/think/history";
import { letterAt, type Letter } from "../../src/think/letters";

const SOLUTION = Uint8Array.from([1, 2, 3, 4, 3, 4, 1, 2, 2, 1, 4, 3, 4, 3, 2, 1]);
const PUZZLE = SOLUTION.map((digit, cell) => (cell % 3 ? 0 : digit));

function change(letter: Letter, cells: Cells, halting = 0): Change {
  const reading = { cells, probability: new Float32Array(80), confidence: new Float32Array(16) };
  return {
    letter,
    reading: letter === "-" ? null : reading,
    halting: letter === "H" ? halting : null,
    milliseconds: 0,
  };
}

function thinking(steps = 4): History {
  return new History(rulesOf(sudoku(4)), PUZZLE, "LH", steps);
}

function push(history: History, letters: string, cells: Cells, halting = 0): void {
  for (const letter of letters) history.push(change(letter as Letter, cells, halting));
}

test("frozen states turn their letters into no-ops that keep their place", () => {
  const letters = Array.from({ length: 6 }, (_, place) => letterAt("LLHLLH", place, new Set(["H"] as const)));
  expect(letters.join("")).toBe("LL-LL-");
  expect(() => letterAt("LX", 1, new Set())).toThrow("program LX");
});

test("an update changes its own state, and only an H-update what is solved", () => {
  const history = thinking();
  expect(history.nextLetter).toBe("L");
  push(history, "L", SOLUTION);
  expect(history.now.z_L.cells).toBe(SOLUTION);
  expect(history.now.solved).toBe(false);
  expect(history.now.halting).toBeNull();
  push(history, "H", SOLUTION, 0.3);
  expect(history.now).toMatchObject({ update: 2, solved: true, halting: 0.3 });
  push(history, "-", PUZZLE);
  expect(history.now).toMatchObject({ update: 3, letter: "-", solved: true, halting: 0.3 });
  expect(history.actStep).toBe(2);
});

test("the answer so far is the proposal at the end of the last whole ACT step", () => {
  const history = thinking();
  expect(history.answer).toBeNull();
  push(history, "LH", PUZZLE);
  push(history, "LH", SOLUTION);
  expect(history.answer?.cells).toBe(SOLUTION);
  history.seek(3);
  expect(history.answer?.cells).toBe(PUZZLE);
  history.seek(1);
  expect(history.answer).toBeNull();
});

test("thinking ends when the model halts with the right answer, or has had it for two more ACT steps", () => {
  const halting = thinking();
  push(halting, "L", SOLUTION);
  expect(halting.finished).toBe(false);
  push(halting, "H", SOLUTION, 0.9);
  expect(halting.finished).toBe(true);
  const doubting = thinking(9);
  push(doubting, "LHLH", SOLUTION, 0.1);
  expect(doubting.finished).toBe(false);
  push(doubting, "LH", SOLUTION, 0.1);
  expect(doubting.finished).toBe(true);
  doubting.thinkOn();
  expect(doubting.finished).toBe(false);
});

test("thinking ends when the ACT steps are used up, and goes on for as many again", () => {
  const history = thinking(2);
  push(history, "LHL", PUZZLE, 0.9);
  expect(history.finished).toBe(false);
  push(history, "H", PUZZLE, 0.9);
  expect(history.finished).toBe(true);
  history.thinkOn();
  push(history, "LHL", PUZZLE);
  expect(history.finished).toBe(false);
  push(history, "H", PUZZLE);
  expect(history.finished).toBe(true);
});

test("an ACT step takes as long as its updates, and the fastest whole one counts", () => {
  const history = thinking();
  const updates = (letters: string, milliseconds: number) => {
    for (const letter of letters) history.push({ ...change(letter as Letter, PUZZLE), milliseconds });
  };
  updates("L", 30);
  expect(history.fastest).toBeNull();
  updates("H", 30);
  updates("LH", 20);
  updates("-H", 5);
  expect(history.fastest).toBe(40);
});

test("an earlier moment that is shown stays shown, and cutting there forgets the later ones", () => {
  const history = thinking();
  push(history, "LHLH", PUZZLE);
  history.seek(-3);
  expect(history.cursor).toBe(0);
  history.seek(1);
  push(history, "L", PUZZLE);
  expect(history.cursor).toBe(1);
  expect(history.updates).toBe(5);
  history.cut();
  expect(history.updates).toBe(1);
  expect(history.atEnd).toBe(true);
  history.frozen.add("H");
  expect(history.nextLetter).toBe("-");
  push(history, "-", PUZZLE);
  expect(history.cursor).toBe(2);
});
