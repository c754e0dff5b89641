/** What the page and its worker say to each other. */

import type { Letter } from "../think/letters";
import type { Manifest } from "./manifest";
import type { Change } from "./mind";

export type Request =
  | { readonly do: "load"; readonly folder: string; readonly manifest: Manifest }
  | { readonly do: "begin"; readonly cells: Uint8Array }
  | { readonly do: "update"; readonly letter: Letter }
  | { readonly do: "rewind"; readonly updates: number };

export interface Numbered {
  readonly id: number;
  readonly request: Request;
}

export type Reply =
  { readonly id: number; readonly change: Change | null } | { readonly id: number; readonly error: string };
