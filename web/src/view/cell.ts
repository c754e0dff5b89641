/** The selected cell: what each state gives its values, as bars. */

import type { History } from "../think/history";
import { at } from "../rules/shape";
import { element } from "./dom";
import { percent, place, readingWords } from "./words";

/** A sentence about the selected cell. */
export function cellTitle({ rules, puzzle, now }: History, cell: number | null): string {
  if (cell === null) return "Select a cell to see what each state makes of it.";
  const where = place(rules, cell);
  const given = at(puzzle, cell);
  const label = `${where.charAt(0).toUpperCase()}${where.slice(1)}`;
  const fixed = rules.shape.kind === "sudoku" && given > 0 ? ` (given ${rules.word(given)})` : "";
  const [z_H, z_L] = [readingWords(rules, now.z_H, cell), readingWords(rules, now.z_L, cell)];
  return `${label}${fixed}: z_H ${z_H} · z_L ${z_L}`;
}

/** A pair of bars for each value: z_H and z_L. */
export function cellBars(history: History, cell: number | null): HTMLElement[] {
  const { rules, now } = history;
  const first = rules.shape.kind === "sudoku" ? 1 : 0;
  return Array.from({ length: rules.values - first }, (_, index) => {
    const value = first + index;
    const bars = (["z_H", "z_L"] as const).map((state) => {
      const share = cell === null ? 0 : at(now[state].probability, cell * rules.values + value);
      const bar = element("span", { class: `bar ${state}`, title: `${state} ${percent(share)}` });
      bar.style.setProperty("--share", share.toFixed(4));
      return bar;
    });
    const name = rules.shape.kind === "sudoku" ? rules.symbol(value) : rules.word(value);
    return element("div", { class: "value" }, element("div", { class: "pair" }, ...bars), element("span", {}, name));
  });
}
