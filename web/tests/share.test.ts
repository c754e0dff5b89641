import { expect, test } from "vitest";
import { maze } from "../src/rules/maze";
import { sudoku } from "../src/rules/sudoku";
import { fromHash, sharedCells, toHash } from "../src/share";

test("a link holds a Sudoku as its row", () => {
  const cells = new Uint8Array(16).with(3, 4);
  const hash = toHash("sudoku-any@sudoku-4x4", sudoku(4), cells);
  expect(hash).toBe("#m=sudoku-any%40sudoku-4x4&p=...4............");
  const { model, puzzle } = fromHash(hash);
  expect(model).toBe("sudoku-any@sudoku-4x4");
  expect(sharedCells(puzzle ?? "", sudoku(4))).toEqual(cells);
});

test("a link holds a maze in a fifth of its cells, and any maze", () => {
  const shape = maze(30, 30);
  for (const seed of [1, 2, 3]) {
    const cells = Uint8Array.from({ length: 900 }, (_, cell) => ((cell * cell * seed + cell) % 7 < 3 ? 0 : 1));
    cells[10 * seed] = 2;
    cells[899] = 3;
    const hash = toHash("maze-hard", shape, cells);
    expect(hash.length).toBeLessThan(190);
    expect(sharedCells(fromHash(hash).puzzle ?? "", shape)).toEqual(cells);
  }
  const empty = new Uint8Array(900).fill(1);
  expect(sharedCells(fromHash(toHash("m", shape, empty)).puzzle ?? "", shape)).toEqual(empty);
});

test("a link that holds something else is refused", () => {
  for (const text of ["", "AAAA.1.2", "####", "....1.2"]) {
    expect(() => sharedCells(text, maze(30, 30))).toThrow("the link holds no maze of 30×30");
  }
  expect(() => sharedCells("123", sudoku(9))).toThrow("no puzzle found");
  expect(fromHash("")).toEqual({ model: null, puzzle: null });
});
