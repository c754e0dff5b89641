/** What the site holds: `site.json`, and a folder for each model with its graphs and a table of puzzles. */

import type { Shape } from "../rules/shape";

/** `model.json` as `air-envs export-onnx` writes it. */
export interface Manifest {
  readonly format: number;
  readonly name: string;
  readonly kind: "sudoku" | "maze";
  readonly family: string;
  readonly rows: number;
  readonly columns: number;
  /** Rows and columns of a Sudoku's box. */
  readonly box?: readonly [number, number];
  readonly vocabulary_size: number;
  /** One ACT step: a string of L and H. */
  readonly program: string;
  /** ACT steps at most. */
  readonly act_steps: number;
  /** Number of weights. */
  readonly parameters: number;
  readonly graphs: Readonly<Record<GraphName, string>>;
  /** Names of the inputs and outputs of each graph. */
  readonly inputs: Readonly<Record<GraphName, readonly string[]>>;
  readonly outputs: Readonly<Record<GraphName, readonly string[]>>;
}

export const GRAPHS = ["start", "L", "H", "decode", "halt"] as const;
export type GraphName = (typeof GRAPHS)[number];

/** The versions of `site.json` and `model.json` that this page reads. */
const FORMAT = 1;

interface Site {
  readonly format: number;
  readonly models: readonly Entry[];
}

/** A model of `site.json`, which `air-envs web` writes. */
export interface Entry {
  /** Folder of the model inside `models`. */
  readonly folder: string;
  /** What the page and its links call it: `MODEL`, or `MODEL@FAMILY`. */
  readonly name: string;
  readonly manifest: Manifest;
}

/** Fetch the list of the site's models. Throws an Error with one line where it cannot be read. */
export async function fetchModels(base: string): Promise<readonly Entry[]> {
  const { format, models } = await fetchJson<Site>(`${base}site.json`);
  for (const found of [format, ...models.map(({ manifest }) => manifest.format)]) {
    if (found !== FORMAT) throw new Error(`site.json: format ${found}, expected ${FORMAT}: rebuild the page`);
  }
  return models;
}

/** Fetch a model's table of generated puzzles, each on one line. */
export function fetchPuzzles(base: string, entry: Entry): Promise<string[]> {
  return fetchJson<string[]>(`${base}models/${encodeURIComponent(entry.folder)}/puzzles.json`);
}

export function shapeOf({ kind, rows, columns, box }: Manifest): Shape {
  return { kind, rows, columns, box: box ?? [0, 0] };
}

async function fetchJson<T>(address: string): Promise<T> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  return (await response.json()) as T;
}
