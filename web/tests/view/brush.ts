/** A canvas context that writes down what is painted with it, each fill and text with its colour. */

import type { Brush } from "../../src/view/paint";

export interface Painted {
  readonly what: string;
  readonly style: string;
  readonly alpha: number;
  readonly args: readonly unknown[];
}

export function recorder(): { brush: Brush; painted: Painted[] } {
  const painted: Painted[] = [];
  const state: Record<string, unknown> = { fillStyle: "", strokeStyle: "", globalAlpha: 1 };
  const brush = new Proxy(state, {
    get: (_, name: string) =>
      name in state
        ? state[name]
        : (...args: unknown[]) =>
            painted.push({
              what: name,
              style: String(name.startsWith("stroke") ? state["strokeStyle"] : state["fillStyle"]),
              alpha: Number(state["globalAlpha"]),
              args,
            }),
    set: (_, name: string, value) => {
      state[name] = value;
      return true;
    },
  });
  return { brush: brush as unknown as Brush, painted };
}
