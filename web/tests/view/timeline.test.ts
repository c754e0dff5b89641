import { expect, test } from "vitest";
import { rulesOf } from "../../src/rules/rules";
import { sudoku } from "../../src/rules/sudoku";
import { History } from "../../src/think/history";
import type { Letter } from "../../src/think/letters";
import { themeOf } from "../../src/view/theme";
import { labelEvery, paintTimeline, span } from "../../src/view/timeline";
import { recorder } from "./brush";

const theme = themeOf("dark");

function thought(letters: string): History {
  const history = new History(rulesOf(sudoku(4)), new Uint8Array(16), "LH", 8);
  for (const letter of letters)
    history.push({ letter: letter as Letter, reading: null, halting: 0.5, milliseconds: 0 });
  return history;
}

test("the timeline has room for four ACT steps, and then for those made", () => {
  expect(span(thought(""))).toBe(8);
  expect(span(thought("LHLHLHLH"))).toBe(8);
  expect(span(thought("LHLHLHLHL"))).toBe(10);
});

test("labels of ACT steps keep their distance", () => {
  expect(labelEvery(4, 400)).toBe(1);
  expect(labelEvery(48, 400)).toBe(4);
  expect(labelEvery(1000, 400)).toBe(100);
});

test("each update has a tick in the colour of its state, a frozen one in grey", () => {
  const { brush, painted } = recorder();
  paintTimeline(brush, 300, 80, thought("LH-H"), theme);
  const fills = painted.filter(({ what }) => what === "fill").map(({ style }) => style);
  expect(fills.filter((style) => style === theme.accent_l).length).toBe(1);
  expect(fills.filter((style) => style === theme.accent_h).length).toBe(2);
});

test("updates after the shown one are fainter", () => {
  const history = thought("LHLH");
  history.seek(1);
  const { brush, painted } = recorder();
  paintTimeline(brush, 300, 80, history, theme);
  const fills = painted.filter(({ what }) => what === "fill").map(({ style }) => style);
  expect(fills).toContain(theme.accent_l);
  expect(fills).not.toContain(theme.accent_h);
});
