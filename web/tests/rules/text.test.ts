import { expect, test } from "vitest";
import { maze } from "../../src/rules/maze";
import { sudoku } from "../../src/rules/sudoku";
import { readPuzzle, writePuzzle } from "../../src/rules/text";

const ROW = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36..";
const LINES = ROW.match(/.{9}/g) ?? [];
const boxed = (rows: string[]) => [
  ...rows.slice(0, 3),
  "---+---+---",
  ...rows.slice(3, 6),
  "-----------",
  ...rows.slice(6),
];

const FORMS: Record<string, string> = {
  "one line": ROW,
  "zeros as blanks": ROW.replace(/\./g, "0"),
  "with a hash and a rating": `0000183b305c ${ROW.replace(/\./g, "0")} 1.2`,
  "of a forum": `${ROW};ED=7.1/1.2/1.2;A`,
  "of HoDoKu": `:0000:x:${ROW.replace("5...27", "5+8..27")}:::`,
  "a table with its solution": `question,answer\n${ROW},583427169974136528216859374792364851351298746648715293865971432137642985429583617`,
  rows: LINES.join("\n"),
  "rows on one line": LINES.join(" "),
  "an .sdk file": `#AMary\n#DAn example\n${LINES.join("\r\n")}\n[State]\n`,
  "with lines between the boxes": boxed(LINES.map((line) => line.replace(/(...)(...)(...)/, "$1|$2|$3"))).join("\n"),
  "with a title": `Grid 01\n${LINES.join("\n")}`,
  letters: ROW.replace(/[1-9]/g, (digit) => "ABCDEFGHI".charAt(Number(digit) - 1)),
  "a line of blanks drawn like a line": ROW.replace(/\./g, "-"),
};

test.each(Object.entries(FORMS))("the puzzle is read: %s", (_, text) => {
  const read = readPuzzle(text, [sudoku(4), sudoku(9), maze(9, 9)]);
  expect(read.shape.rows).toBe(9);
  expect(writePuzzle(read)).toBe(ROW);
});

test("digits above 9 are letters from A, or numbers with spaces", () => {
  const row = "1" + ".".repeat(253) + "AG";
  const read = readPuzzle(row, [sudoku(16)]);
  expect(read.cells.slice(254)).toEqual(Uint8Array.from([10, 16]));
  const numbers = Array.from({ length: 16 }, (_, row) =>
    Array.from({ length: 16 }, (_, column) => ({ 0: "1", 254: "10", 255: "16" })[16 * row + column] ?? ".").join(" "),
  );
  expect(readPuzzle(numbers.join("\n"), [sudoku(16)]).cells).toEqual(read.cells);
});

test("a maze is read row by row, with spaces at the end of a row or without, and on one line", () => {
  const shape = maze(5, 5);
  const drawn = "#####\n#S  #\n### #\n#G   \n#####";
  const read = readPuzzle(`\n${drawn}\n`, [sudoku(4), shape]);
  expect(writePuzzle(read)).toBe(drawn);
  expect(readPuzzle(drawn.replace("#G   ", "#G"), [shape]).cells).toEqual(read.cells);
  expect(readPuzzle(drawn.replace(/\n/g, ""), [shape]).cells).toEqual(read.cells);
});

test("a maze whose first and last rows are open reads as it is written", () => {
  const shape = maze(3, 3);
  const cells = Uint8Array.from([1, 1, 1, 0, 2, 3, 1, 1, 1]);
  expect(readPuzzle(writePuzzle({ shape, cells }), [shape]).cells).toEqual(cells);
});

test("what is no puzzle is refused with a line that says what was expected", () => {
  expect(() => readPuzzle(ROW.slice(1), [sudoku(9)])).toThrow(
    "no puzzle found, expected 81 cells (9×9) on one line or row by row",
  );
  expect(() => readPuzzle(ROW.replace(".", "0"), [sudoku(9)])).toThrow(
    "'0' and '.' in one grid, expected one character for blank cells",
  );
  expect(() => readPuzzle("", [sudoku(4), maze(5, 5)])).toThrow("16 cells (4×4) or 25 cells (5×5)");
});
