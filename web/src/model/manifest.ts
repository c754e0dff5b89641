/** What the site holds: `models/index.json`, and beside each model's graphs its `model.json`. */

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

/** The version of `model.json` that this page reads. */
export const FORMAT = 1;

/** One row of `models/index.json`, which `air-envs web` writes. */
export interface Entry {
  /** Folder of the model inside `models`. */
  readonly folder: string;
  /** What the page calls it. */
  readonly name: string;
  readonly manifest: Manifest;
}

/** Fetch the list of the site's models. Throws an Error with one line where there is none. */
export async function fetchModels(base: string): Promise<Entry[]> {
  const entries = await fetchJson<Entry[]>(`${base}models/index.json`);
  for (const { name, manifest } of entries) {
    if (manifest.format !== FORMAT) {
      throw new Error(`${name}: model.json has format ${manifest.format}, expected ${FORMAT}: rebuild the site`);
    }
  }
  if (entries.length === 0) throw new Error("models/index.json: no models, expected at least one");
  return entries;
}

/** Fetch a model's table of generated puzzles: texts as a shared link holds them. */
export function fetchPuzzles(base: string, entry: Entry): Promise<string[]> {
  return fetchJson<string[]>(`${base}models/${entry.folder}/puzzles.json`);
}

export function shapeOf({ kind, rows, columns, box }: Manifest): Shape {
  return { kind, rows, columns, box: box ?? [0, 0] };
}

async function fetchJson<T>(address: string): Promise<T> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  return (await response.json()) as T;
}
