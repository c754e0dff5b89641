import { expect, test } from "vitest";
import { maze } from "../../src/rules/maze";
import { UNDECIDED } from "../../src/rules/shape";
import { sudoku } from "../../src/rules/sudoku";
import { fit } from "../../src/view/layout";
import { paintMaze } from "../../src/view/maze";
import type { Scene } from "../../src/view/scene";
import { paintSudoku } from "../../src/view/sudoku";
import { blend, themeOf } from "../../src/view/theme";
import { recorder } from "./brush";

const theme = themeOf("light");
const four = sudoku(4);
const PUZZLE = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

function scene(marks: Partial<Scene>): Scene {
  return {
    cells: PUZZLE,
    puzzle: PUZZLE,
    confidence: null,
    candidates: null,
    highlight: null,
    selected: null,
    ...marks,
  };
}

function paintedSudoku(marks: Partial<Scene>) {
  const { brush, painted } = recorder();
  paintSudoku(brush, fit(four, 200, 200), four, scene(marks), theme);
  const texts = painted.filter(({ what }) => what === "fillText");
  const grounds = painted
    .filter(({ what }) => what === "fillRect")
    .slice(0, 16)
    .map(({ style }) => style);
  return { painted, texts, grounds };
}

test("a given is dark on its tint, an entry is blue on the board", () => {
  const { texts, grounds } = paintedSudoku({ cells: PUZZLE.with(6, 3) });
  expect(texts.map(({ args, style }) => [args[0], style])).toEqual([
    ["1", theme.given],
    ["3", theme.entry],
  ]);
  expect(grounds[0]).toBe(theme.given_cell);
  expect(grounds[6]).toBe(theme.board);
});

test("digits that break a rule are vermilion, both of them", () => {
  const { texts } = paintedSudoku({ cells: PUZZLE.with(3, 1) });
  expect(texts.map(({ style }) => style)).toEqual([theme.conflict, theme.conflict]);
});

test("uncertain digits are fainter, but can be read", () => {
  const confidence = new Float32Array(16).fill(1).with(6, 0).with(7, 0.5);
  const { texts } = paintedSudoku({ cells: PUZZLE.with(6, 3).with(7, 4), confidence });
  expect(texts.map(({ alpha }) => alpha.toFixed(2))).toEqual(["1.00", "0.30", "0.65"]);
});

test("candidates of a blank cell are pencilled in their places, the likelier the stronger", () => {
  const candidates = new Float32Array(64);
  candidates.set([0, 0.8, 0.2, 0.01], 4 * 5);
  const { texts } = paintedSudoku({ candidates });
  expect(texts.map(({ args }) => args[0])).toEqual(["1", "2", "3"]);
  const [, two, three] = texts;
  expect(two?.alpha).toBeGreaterThan(three?.alpha ?? 1);
  expect(Number(two?.args[1])).toBeGreaterThan(Number(three?.args[1]));
  expect(Number(two?.args[2])).toBeLessThan(Number(three?.args[2]));
});

test("a cell that changed is highlighted, and one without a value is hatched", () => {
  const { grounds, painted } = paintedSudoku({
    cells: PUZZLE.with(5, UNDECIDED),
    highlight: new Uint8Array(16).with(6, 1),
  });
  expect(grounds[6]).toBe(blend(theme.board, theme.changed, theme.highlight));
  expect(painted.filter(({ what }) => what === "clip").length).toBe(1);
});

test("the path of a maze is drawn over open cells, in vermilion and with a flag over walls", () => {
  const shape = maze(2, 3);
  const puzzle = Uint8Array.from([2, 1, 3, 0, 0, 0]);
  const paint = (cells: Uint8Array<ArrayBuffer>) => {
    const { brush, painted } = recorder();
    paintMaze(brush, fit(shape, 90, 60), shape, { ...scene({}), puzzle, cells }, theme);
    return painted;
  };
  const right = paint(Uint8Array.from([2, 4, 3, 0, 0, 0]));
  expect(right.filter(({ what }) => what === "stroke").map(({ style }) => style)).toEqual([
    theme.path,
    theme.path,
    theme.path,
  ]);
  const wrong = paint(Uint8Array.from([2, 1, 3, 0, 4, 0]));
  expect(wrong.filter(({ what }) => what === "stroke").map(({ style }) => style)).toEqual([theme.conflict]);
  expect(wrong.some(({ what, style }) => what === "fill" && style === theme.conflict)).toBe(true);
});
