/** A puzzle and a model in the part of an address after `#`, so that a link shows both. */

import { GOAL, OPEN, START, WALL } from "./rules/maze";
import type { Cells, Shape } from "./rules/shape";
import { readPuzzle, writePuzzle } from "./rules/text";

export interface Shared {
  readonly model: string | null;
  readonly puzzle: string | null;
}

/** `#m=MODEL&p=PUZZLE`. */
export function toHash(model: string, shape: Shape, cells: Cells): string {
  return `#m=${encodeURIComponent(model)}&p=${shape.kind === "maze" ? packed(cells) : writePuzzle({ shape, cells })}`;
}

export function fromHash(hash: string): Shared {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  return { model: fields.get("m"), puzzle: fields.get("p") };
}

/**
 * The cells that an address holds.
 *
 * @throws Error where they are not those of a puzzle of this shape.
 */
export function sharedCells(text: string, shape: Shape): Cells {
  return shape.kind === "maze" ? unpacked(text, shape) : readPuzzle(text, [shape]).cells;
}

/** A maze as `WALLS.START.GOAL`: one bit a cell in base64, and two cell numbers, -1 where there is none. */
function packed(cells: Cells): string {
  const bytes = new Uint8Array(Math.ceil(cells.length / 8));
  cells.forEach((value, cell) => {
    if (value === WALL) bytes[cell >> 3] = (bytes[cell >> 3] ?? 0) | (1 << (cell & 7));
  });
  const walls = btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
  return `${walls}.${cells.indexOf(START)}.${cells.indexOf(GOAL)}`;
}

function unpacked(text: string, { rows, columns }: Shape): Cells {
  const [walls = "", ...ends] = text.split(".");
  const bytes = /^[\w-]+$/.test(walls) ? atob(walls.replace(/-/g, "+").replace(/_/g, "/")) : "";
  if (bytes.length !== Math.ceil((rows * columns) / 8) || ends.length !== 2) {
    throw new Error(`the link holds no maze of ${rows}×${columns}`);
  }
  const bit = (cell: number) => (bytes.charCodeAt(cell >> 3) >> (cell & 7)) & 1;
  const cells = Uint8Array.from({ length: rows * columns }, (_, cell) => (bit(cell) ? WALL : OPEN));
  for (const [index, value] of [START, GOAL].entries()) {
    const cell = Number(ends[index]);
    if (!Number.isInteger(cell) || cell < -1 || cell >= cells.length) {
      throw new Error(`the link holds no maze of ${rows}×${columns}`);
    }
    if (cell >= 0) cells[cell] = value;
  }
  return cells;
}
