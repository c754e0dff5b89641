import { expect, test } from "vitest";
import { blend, themeOf } from "../../src/view/theme";

test("both themes have the same colours by name", () => {
  expect(Object.keys(themeOf("dark"))).toEqual(Object.keys(themeOf("light")));
  for (const [name, colour] of Object.entries(themeOf("dark"))) {
    if (name !== "highlight") expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  }
});

test("colours blend as in the Python drawings", () => {
  expect(blend("#ffffff", "#0072b2", 0)).toBe("#ffffff");
  expect(blend("#ffffff", "#0072b2", 1)).toBe("#0072b2");
  expect(blend("#1b2027", "#e2c028", 0.36)).toBe("#635a27");
});
