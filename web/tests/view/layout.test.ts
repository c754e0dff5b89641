import { expect, test } from "vitest";
import { maze } from "../../src/rules/maze";
import { sudoku } from "../../src/rules/sudoku";
import { corner, fit } from "../../src/view/layout";

test.each([
  [sudoku(9), 384, 384],
  [sudoku(16), 175, 175],
  [maze(30, 20), 300, 450],
  [maze(9, 15), 901, 333],
])("a board fits its canvas with its frame, in whole pixels", (shape, width, height) => {
  const layout = fit(shape, width, height);
  const [across, down] = [shape.columns * layout.cell, shape.rows * layout.cell];
  expect(Number.isInteger(layout.cell)).toBe(true);
  expect(layout.left).toBeGreaterThanOrEqual(layout.thick - 1);
  expect(layout.top).toBeGreaterThanOrEqual(layout.thick - 1);
  expect(layout.left + across + layout.thick - 1).toBeLessThanOrEqual(width);
  expect(layout.top + down + layout.thick - 1).toBeLessThanOrEqual(height);
  const larger = Math.min((width - 2 * layout.thick - 2) / shape.columns, (height - 2 * layout.thick - 2) / shape.rows);
  expect(layout.cell).toBeGreaterThan(larger - 1);
});

test("cells lie side by side, row by row", () => {
  const layout = fit(maze(3, 4), 100, 100);
  expect(corner(layout, 0)).toEqual([layout.left, layout.top]);
  expect(corner(layout, 6)).toEqual([layout.left + 2 * layout.cell, layout.top + layout.cell]);
});
