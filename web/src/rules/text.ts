/** Reads a puzzle that a person wrote down or copied, in the common forms, and writes one. */

import { SYMBOLS as MAZE_SYMBOLS } from "./maze";
import { type Cells, type Shape } from "./shape";
import { SYMBOLS as DIGITS } from "./sudoku";

export interface Puzzle {
  readonly shape: Shape;
  readonly cells: Cells;
}

const SEPARATORS = /[\s,;:|=/"'<>()[\]]+/;
const LETTERS = ".ABCDEFGHIJKLMNOP";
const BLANKS = ".0-*_?X";
const RULE_LINE = /^[-+=─━═┄┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬]+$/;

/**
 * Read one puzzle: on one line, in columns of other text, or drawn over several lines.
 *
 * @param shapes what may be read, the likeliest first.
 * @throws Error with one line that says what is wrong.
 */
export function readPuzzle(text: string, shapes: readonly Shape[]): Puzzle {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const shape of shapes) {
    const cells = shape.kind === "maze" ? readMaze(lines, shape) : readSudoku(lines, shape);
    if (cells) return { shape, cells };
  }
  const sizes = shapes.map(({ rows, columns }) => `${rows * columns} cells (${rows}×${columns})`);
  throw new Error(`no puzzle found, expected ${[...new Set(sizes)].join(" or ")} on one line or row by row`);
}

/** The cells of a puzzle as text: a Sudoku on one line, a maze row by row. */
export function writePuzzle({ shape, cells }: Puzzle): string {
  const text = Array.from(cells, (value) => (shape.kind === "maze" ? MAZE_SYMBOLS : DIGITS)[value] ?? "?").join("");
  return shape.kind === "sudoku" ? text : (text.match(new RegExp(`.{${shape.columns}}`, "g")) ?? []).join("\n");
}

function readMaze(lines: readonly string[], shape: Shape): Cells | null {
  // A first or last row of open cells alone may look like an empty line.
  return (
    mazeOf(
      between(lines, (line) => line !== ""),
      shape,
    ) ??
    mazeOf(
      between(lines, (line) => line.trim() !== ""),
      shape,
    )
  );
}

function mazeOf(drawn: readonly string[], { rows, columns }: Shape): Cells | null {
  const one = drawn.length === 1 && drawn[0]?.length === rows * columns;
  const fits = one || (drawn.length === rows && drawn.every((line) => line.trimEnd().length <= columns));
  const text = drawn.map((line) => (one ? line : line.trimEnd().padEnd(columns))).join("");
  if (!fits || !/^[# SG]+$/.test(text) || !text.includes("#")) return null;
  return Uint8Array.from(text, (character) => MAZE_SYMBOLS.indexOf(character));
}

/** The lines from the first to the last that `counts`. */
function between(lines: readonly string[], counts: (line: string) => boolean): readonly string[] {
  return lines.slice(lines.findIndex(counts), lines.findLastIndex(counts) + 1);
}

function readSudoku(lines: readonly string[], shape: Shape): Cells | null {
  const side = shape.rows;
  const body = lines.filter((line) => !/^\s*[#[]/.test(line));
  for (const line of body) {
    for (const word of line.replace(/\+[1-9A-G]/gi, ".").split(SEPARATORS)) {
      const cells = word.length === side * side ? digits(word, side) : null;
      if (cells) return cells;
    }
  }
  return drawn(body, side) ?? numbered(body, side);
}

/** A grid of one row a line, with or without lines between the boxes. */
function drawn(lines: readonly string[], side: number): Cells | null {
  const rows = lines.map((line) => line.replace(/[|│┃║\s]/g, "")).filter((row) => row !== "");
  const withoutRules = rows.filter((row) => !RULE_LINE.test(row));
  for (const candidate of [withoutRules, rows]) {
    const right = candidate.filter((row) => row.length === side);
    for (const text of [right.length === side ? right.join("") : "", candidate.join("")]) {
      const cells = text.length === side * side ? digits(text, side) : null;
      if (cells) return cells;
    }
  }
  return null;
}

/** A grid of numbers with white space between them, such as `12 . 7 16`. */
function numbered(lines: readonly string[], side: number): Cells | null {
  const rows = lines.map((line) => line.split(/[\s|,;]+/).filter((word) => word !== ""));
  const right = rows.filter((row) => row.length === side);
  if (right.length !== side) return null;
  const values = right.flat().map((word) => (/^\d+$/.test(word) ? Number(word) : word.length === 1 ? 0 : Number.NaN));
  return values.every((value) => value >= 0 && value <= side) ? Uint8Array.from(values) : null;
}

/** The cells of a grid in characters, null where they are not those of a Sudoku of this side. */
function digits(text: string, side: number): Cells | null {
  const characters = [...text.toUpperCase()];
  const alphabet = characters.some((character) => "123456789".includes(character)) ? DIGITS : LETTERS;
  const known = alphabet.slice(1, side + 1);
  const blanks = new Set(characters.filter((character) => !known.includes(character)));
  if ([...blanks].some((blank) => !BLANKS.includes(blank))) return null;
  if (blanks.size > 1) {
    const found = [...blanks].map((blank) => `'${blank}'`).join(" and ");
    throw new Error(`${found} in one grid, expected one character for blank cells`);
  }
  return Uint8Array.from(characters, (character) => known.indexOf(character) + 1);
}
