/** Every moment of a model's thinking about one puzzle, and the moment that is shown. */

import type { Change } from "../model/mind";
import { type Reading, undecided } from "../model/reading";
import type { Rules } from "../rules/rules";
import { at, type Cells } from "../rules/shape";
import { type Letter, letterAt, type StateLetter } from "./letters";

/** What is known after one update. */
export interface Moment {
  /** Counted from 1 over all ACT steps; 0 before the first. */
  readonly update: number;
  /** The update just made; empty before the first. */
  readonly letter: Letter | "";
  readonly z_H: Reading;
  readonly z_L: Reading;
  /** Probability of halting, null before the first H-update. */
  readonly halting: number | null;
  /** Whether the proposal solves the puzzle by the rules. */
  readonly solved: boolean;
  /** That the update took, without decoding. */
  readonly milliseconds: number;
}

/** ACT steps that a puzzle is followed for which stays solved while the halting head doubts it. */
const SHOWN_SOLVED = 2;

export class History {
  readonly moments: Moment[];
  /** The states whose updates do nothing from now on. */
  readonly frozen = new Set<StateLetter>();
  /** Updates after which thinking pauses. */
  limit: number;
  /** Milliseconds of the fastest ACT step so far without a frozen state, null before there is one. */
  fastest: number | null = null;
  private shown = 0;
  /** Whether to think on where the puzzle is solved. */
  private beyond = false;

  constructor(
    readonly rules: Rules,
    readonly puzzle: Cells,
    readonly program: string,
    readonly actSteps: number,
  ) {
    const blank = undecided(puzzle.length, rules.values);
    this.moments = [{ update: 0, letter: "", z_H: blank, z_L: blank, halting: null, solved: false, milliseconds: 0 }];
    this.limit = actSteps * program.length;
  }

  /** Index of the moment that is shown: its update. */
  get cursor(): number {
    return this.shown;
  }

  get now(): Moment {
    return at(this.moments, this.shown);
  }

  get before(): Moment | null {
    return this.shown > 0 ? at(this.moments, this.shown - 1) : null;
  }

  /** Updates made so far. */
  get updates(): number {
    return this.moments.length - 1;
  }

  get atEnd(): boolean {
    return this.shown === this.updates;
  }

  /** ACT step of the shown moment, counted from 1; 0 before the first update. */
  get actStep(): number {
    return Math.ceil(this.shown / this.program.length);
  }

  /** The update that comes after the last moment. */
  get nextLetter(): Letter {
    return letterAt(this.program, this.updates, this.frozen);
  }

  /** What an agent that answers after each ACT step has answered by the shown moment; null before the first. */
  get answer(): Reading | null {
    const ends = Math.floor(this.shown / this.program.length) * this.program.length;
    return ends > 0 ? at(this.moments, ends).z_H : null;
  }

  /**
   * Whether the model is done: it halts with the right answer, or has had one for `SHOWN_SOLVED` more ACT steps, or
   * has used up its ACT steps.
   */
  get finished(): boolean {
    if (this.updates >= this.limit) return true;
    const last = at(this.moments, this.updates);
    if (this.beyond || this.updates === 0 || this.updates % this.program.length > 0 || !last.solved) return false;
    if ((last.halting ?? 0) > 0.5) return true;
    const ends = Array.from({ length: SHOWN_SOLVED + 1 }, (_, back) => this.updates - back * this.program.length);
    return ends.every((update) => update > 0 && at(this.moments, update).solved);
  }

  /** Append what an update changed, and show it if the last moment was shown. */
  push(change: Change): Moment {
    const last = at(this.moments, this.updates);
    const follows = this.atEnd;
    const z_H = change.letter === "H" && change.reading ? change.reading : last.z_H;
    const moment: Moment = {
      update: last.update + 1,
      letter: change.letter,
      z_H,
      z_L: change.letter === "L" && change.reading ? change.reading : last.z_L,
      halting: change.halting ?? last.halting,
      solved: z_H === last.z_H ? last.solved : this.rules.solves(this.puzzle, z_H.cells),
      milliseconds: change.milliseconds,
    };
    this.moments.push(moment);
    if (moment.update % this.program.length === 0) this.clock();
    if (follows) this.shown = this.updates;
    return moment;
  }

  private clock(): void {
    const step = this.moments.slice(-this.program.length);
    if (step.some(({ letter }) => letter === "-")) return;
    const taken = step.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    this.fastest = Math.min(this.fastest ?? Infinity, taken);
  }

  /** Show another moment, the nearest there is. */
  seek(update: number): void {
    this.shown = Math.max(0, Math.min(this.updates, Math.round(update)));
  }

  /** Forget the moments after the shown one, from which as many ACT steps are allowed again as the model takes. */
  cut(): void {
    this.moments.length = this.shown + 1;
    this.limit = this.updates + this.actSteps * this.program.length;
    this.beyond = false;
  }

  /** Think on, solved or not, for as many ACT steps again as the model takes at most. */
  thinkOn(): void {
    this.limit = this.updates + this.actSteps * this.program.length;
    this.beyond = true;
  }
}
