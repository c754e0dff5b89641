/** Colours: `theme.json`, written from the theme of the pygame drawings, as CSS variables and for canvases. */

import themes from "../theme.json";

/** Colours as `#rrggbb`; what each is for, `air_envs/drawing/theme.py` says. */
export type Theme = Readonly<(typeof themes)["light"]>;
export type ThemeName = keyof typeof themes;

const KEY = "air-envs theme";

export function themeOf(name: ThemeName): Theme {
  return themes[name];
}

/** The theme to begin with: the one chosen last, else the system's. */
export function preferredTheme(): ThemeName {
  const chosen = localStorage.getItem(KEY);
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Remember a choice; it goes before the system's from now on. */
export function rememberTheme(name: ThemeName): void {
  localStorage.setItem(KEY, name);
}

/** Call back when the system's theme changes, while nothing else is chosen. */
export function followSystemTheme(changed: (name: ThemeName) => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (localStorage.getItem(KEY) === null) changed(preferredTheme());
  });
}

/** Set the theme's colours as CSS variables: `given_cell` is `--given-cell`. */
export function applyTheme(name: ThemeName, root: HTMLElement): void {
  root.dataset["theme"] = name;
  root.style.colorScheme = name;
  for (const [key, value] of Object.entries(themeOf(name))) {
    root.style.setProperty(`--${key.replace(/_/g, "-")}`, String(value));
  }
}

/** The colour `amount` (0..1) of the way from one to another. */
export function blend(under: string, over: string, amount: number): string {
  const [u, o] = [channels(under), channels(over)];
  const mixed = u.map((value, index) => Math.round(value + ((o[index] ?? value) - value) * amount));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
