/**
 * The recurrence: two states, one update at a time, any earlier moment recomputed when it is needed again.
 *
 * The states of every update would take 200 MB of a 16x16 Sudoku; one pair an ACT step takes an eighth of it.
 */

import type { Letter } from "../think/letters";
import { type Reading, readLogits, sigmoid } from "./reading";

/** The graphs of a model; `T` is a tensor of their runtime. */
export interface Graphs<T> {
  /** Positions of the vocabulary. */
  readonly tokens: number;
  /** Embed a puzzle's cells; the states are those that every puzzle starts from. */
  start(cells: Uint8Array): Promise<State<T> & { readonly x: T }>;
  /** The state that an L- or H-update leaves in place of its own. */
  update(letter: "L" | "H", state: State<T>, x: T): Promise<T>;
  /** (cells, tokens) logits of a state. */
  decode(z: T): Promise<Float32Array>;
  /** Logit of "the whole proposal is right", read off z_H. */
  halt(z_H: T): Promise<number>;
}

export interface State<T> {
  readonly z_H: T;
  readonly z_L: T;
}

/** What one update changed: the state that it wrote, decoded. A frozen update changes neither. */
export interface Change {
  readonly letter: Letter;
  readonly reading: Reading | null;
  /** Probability of halting after this update, null where z_H did not change. */
  readonly halting: number | null;
  /** Milliseconds that the update itself took, without decoding. */
  readonly milliseconds: number;
}

export class Mind<T> {
  private letters: Letter[] = [];
  private readonly kept: State<T>[] = [];

  private constructor(
    private readonly graphs: Graphs<T>,
    private readonly x: T,
    private state: State<T>,
    /** Updates between two states that are kept: those of one ACT step. */
    private readonly every: number,
  ) {
    this.kept.push(state);
  }

  static async begin<T>(graphs: Graphs<T>, cells: Uint8Array, every: number): Promise<Mind<T>> {
    const { x, ...state } = await graphs.start(cells);
    return new Mind(graphs, x, state, every);
  }

  /** Number of updates so far. */
  get updates(): number {
    return this.letters.length;
  }

  async update(letter: Letter): Promise<Change> {
    const began = performance.now();
    await this.advance(letter);
    const milliseconds = performance.now() - began;
    if (letter === "-") return { letter, reading: null, halting: null, milliseconds };
    const z = letter === "H" ? this.state.z_H : this.state.z_L;
    const reading = readLogits(await this.graphs.decode(z), this.graphs.tokens);
    const halting = letter === "H" ? sigmoid(await this.graphs.halt(z)) : null;
    return { letter, reading, halting, milliseconds };
  }

  /** Go back to the moment after `updates` updates and forget what came later. */
  async rewind(updates: number): Promise<void> {
    if (updates < 0 || updates > this.letters.length) {
      throw new RangeError(`update ${updates}, expected 0 to ${this.letters.length}`);
    }
    const anchor = Math.floor(updates / this.every);
    const state = this.kept[anchor];
    if (state === undefined) throw new RangeError(`no state is kept of update ${anchor * this.every}`);
    const again = this.letters.slice(anchor * this.every, updates);
    this.letters.length = anchor * this.every;
    this.kept.length = anchor + 1;
    this.state = state;
    for (const letter of again) await this.advance(letter);
  }

  private async advance(letter: Letter): Promise<void> {
    if (letter !== "-") {
      const z = await this.graphs.update(letter, this.state, this.x);
      this.state = letter === "H" ? { ...this.state, z_H: z } : { ...this.state, z_L: z };
    }
    this.letters.push(letter);
    if (this.letters.length % this.every === 0) this.kept.push(this.state);
  }
}
