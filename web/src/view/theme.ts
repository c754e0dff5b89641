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
  return chosenTheme() ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

/** Remember a choice, which overrides the system's theme from now on. */
export function rememberTheme(name: ThemeName): void {
  try {
    localStorage.setItem(KEY, name);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // a page inside another may not be allowed to store anything
  }
}

/** Call back when the system's theme changes, while nothing else is chosen. */
export function followSystemTheme(changed: (name: ThemeName) => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (chosenTheme() === null) changed(preferredTheme());
  });
}

function chosenTheme(): ThemeName | null {
  try {
    const chosen = localStorage.getItem(KEY);
    return chosen === "light" || chosen === "dark" ? chosen : null;
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
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
