/** What is drawn, in words: for screen readers and for the panel of the selected cell. */

import type { Reading } from "../model/reading";
import type { Rules } from "../rules/rules";
import { at } from "../rules/shape";
import type { History } from "../think/history";
import type { BoardName, Scene } from "./scene";

export const BOARD_WORDS: Readonly<Record<BoardName, string>> = {
  puzzle: "Puzzle and answer so far",
  z_H: "z_H, proposal",
  z_L: "z_L, scratchpad",
};

/** "row 3, column 5". */
export function place(rules: Rules, cell: number): string {
  return `row ${Math.floor(cell / rules.shape.columns) + 1}, column ${(cell % rules.shape.columns) + 1}`;
}

/** What a board shows in a cell. */
export function cellWords(rules: Rules, scene: Scene, cell: number): string {
  const value = at(scene.cells, cell);
  const digits = rules.values - 1;
  const pencilled =
    scene.candidates && value === 0 ? scene.candidates.subarray(cell * digits, (cell + 1) * digits) : [];
  const candidates = [...pencilled].flatMap((strength, index) => (strength >= 0.05 ? [rules.symbol(index + 1)] : []));
  const given = rules.given(at(scene.puzzle, cell)) && scene.puzzle[cell] === value;
  const said = candidates.length > 0 ? `candidates ${candidates.join(" ")}` : rules.word(value);
  const probable = scene.confidence && candidates.length === 0 && !given ? at(scene.confidence, cell) : 0;
  const sure = probable > 0 ? `, ${percent(probable)}` : "";
  return `${place(rules, cell)}: ${said}${given && rules.shape.kind === "sudoku" ? ", given" : ""}${sure}`;
}

/** What a decoded state says of a cell: "7, 93 %". */
export function readingWords(rules: Rules, reading: Reading, cell: number): string {
  const sure = at(reading.confidence, cell);
  return sure > 0 ? `${rules.word(at(reading.cells, cell))}, ${percent(sure)}` : "undecided";
}

/** The shown moment in a sentence. */
export function momentWords(history: History): string {
  const { now } = history;
  if (now.update === 0) return "Before the first update";
  const made = now.letter === "-" ? "frozen update" : `${now.letter} update`;
  const halting = now.halting === null ? "" : `, halting probability ${now.halting.toFixed(2)}`;
  return `ACT step ${history.actStep}, ${made} ${now.update}${halting}, ${now.solved ? "solved" : "not solved"}`;
}

export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
