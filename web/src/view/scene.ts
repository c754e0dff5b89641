/** What one board shows: cells, and marks on them. */

import { maximum, type Reading } from "../model/reading";
import type { History } from "../think/history";
import { at, type Cells } from "../rules/shape";

export type BoardName = "puzzle" | "z_H" | "z_L";

export interface Scene {
  readonly cells: Cells;
  /** What it holds is drawn as given, and what contradicts it is marked. */
  readonly puzzle: Cells;
  /** (cells,) 0..1: uncertain cells are drawn fainter. */
  readonly confidence: Float32Array | null;
  /** (cells, digits) 0..1: the digits pencilled into each blank cell, the likelier the stronger. */
  readonly candidates: Float32Array | null;
  /** Cells that changed since the previous moment. */
  readonly highlight: Uint8Array | null;
  readonly selected: number | null;
}

/** Probability that the likeliest digit of a cell has at least where it is written and not pencilled. */
const MAJORITY = 0.5;

/** The scene of one board at the shown moment. */
export function sceneOf(history: History, board: BoardName, selected: number | null): Scene {
  const { now, before, puzzle } = history;
  if (board === "puzzle") {
    const answer = history.answer?.cells ?? puzzle;
    const highlight =
      before && history.cursor % history.program.length === 0 ? changed(earlierAnswer(history), answer) : null;
    return { cells: answer, puzzle, confidence: null, candidates: null, highlight, selected };
  }
  const [reading, old] = [now[board], before?.[board] ?? null];
  const highlight = old && old !== reading ? changed(old.cells, reading.cells) : null;
  return { ...pencilled(history, reading), puzzle, highlight, selected };
}

/** What is written of a decoded state and what is pencilled. */
function pencilled(history: History, reading: Reading): Pick<Scene, "cells" | "confidence" | "candidates"> {
  const { rules, puzzle } = history;
  if (rules.shape.kind !== "sudoku") return { ...reading, candidates: null };
  const digits = rules.values - 1;
  const candidates = new Float32Array(puzzle.length * digits);
  const cells = reading.cells.slice();
  for (let cell = 0; cell < cells.length; cell++) {
    const odds = reading.probability.subarray(cell * rules.values + 1, (cell + 1) * rules.values);
    const likeliest = maximum(odds);
    if (likeliest === 0 || likeliest >= MAJORITY || at(puzzle, cell) > 0) continue;
    cells[cell] = 0;
    candidates.set(
      odds.map((probability) => probability / MAJORITY),
      cell * digits,
    );
  }
  return { cells, confidence: reading.confidence, candidates };
}

function earlierAnswer(history: History): Cells {
  const ends = history.cursor - history.program.length;
  return ends > 0 ? at(history.moments, ends).z_H.cells : history.puzzle;
}

function changed(before: Cells, after: Cells): Uint8Array {
  return Uint8Array.from(after, (value, cell) => (value === at(before, cell) ? 0 : 1));
}
