/** The page's state and what can be done with it. What is drawn, `render.ts` says; what is pressed, `controls.ts`. */

import { type Entry, fetchPuzzles, shapeOf } from "./model/manifest";
import type { Session } from "./model/session";
import { type Rules, rulesOf } from "./rules/rules";
import { at, type Cells } from "./rules/shape";
import { readPuzzle, writePuzzle } from "./rules/text";
import { sharedCells } from "./share";
import { History } from "./think/history";
import type { StateLetter } from "./think/letters";
import { Player } from "./think/player";

/** What the page shows apart from the history. */
export interface View {
  selected: number | null;
  /** A line about what was just done or what is wrong. */
  note: string;
  /** Whether the note says that something is wrong. */
  wrong: boolean;
  /** Whether a model is being loaded. */
  loading: boolean;
}

export class App {
  readonly player: Player;
  readonly view: View = { selected: null, note: "", wrong: false, loading: false };
  entry: Entry;
  rules: Rules;
  history: History;
  private readonly tables = new Map<string, Promise<string[]>>();
  /** The history that the worker's mind holds. */
  private begun: History | null = null;
  /** The model that the worker holds, or is about to. */
  private loaded: Entry | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  /** Whether an update is being thought of: keys that repeat do not pile up. */
  private thinking = false;

  /**
   * @param entries the site's models; the first is shown at first.
   * @param changed called after every change, to draw it.
   */
  constructor(
    readonly entries: readonly Entry[],
    private readonly session: Session,
    private readonly base: string,
    private readonly changed: () => void,
  ) {
    this.entry = at(entries, 0);
    this.rules = rulesOf(shapeOf(this.entry.manifest));
    this.history = this.fresh(this.rules.empty());
    this.player = new Player(() => this.forward(), changed);
  }

  // -- models and puzzles ---------------------------------------------------------------------------------------------

  /** Show a model with a puzzle, by default the first of its table. */
  async choose(entry: Entry, cells?: Cells): Promise<void> {
    this.player.pause();
    if (entry !== this.loaded) this.load(entry);
    this.entry = entry;
    this.rules = rulesOf(shapeOf(entry.manifest));
    this.view.selected = null;
    this.setPuzzle(cells ?? this.rules.empty());
    if (!cells) await this.newPuzzle(0);
  }

  /** Show what a link holds; a model that the site lacks is replaced by the first one. */
  async open(model: string | null, puzzle: string | null): Promise<void> {
    const entry = this.entries.find(({ name }) => name === model);
    const missing = model !== null && !entry ? `This site has no model ${model}.` : "";
    const chosen = entry ?? at(this.entries, 0);
    try {
      const cells = puzzle === null || missing ? undefined : sharedCells(puzzle, shapeOf(chosen.manifest));
      await this.choose(chosen, cells);
      if (missing) this.say(missing, true);
    } catch (error) {
      await this.choose(chosen);
      this.say(lineOf(error), true);
    }
  }

  /** Read a puzzle from text, and choose another model where this one plays another shape. */
  async read(text: string): Promise<void> {
    const others = this.entries.filter((entry) => entry !== this.entry);
    const shapes = [this.entry, ...others].map(({ manifest }) => shapeOf(manifest));
    const { shape, cells } = readPuzzle(text, shapes);
    const { name } = rulesOf(shape);
    const entry = [this.entry, ...others].find(({ manifest }) => manifest.family === name);
    if (!entry) throw new Error(`no model of this site plays ${name}`);
    if (entry === this.entry) this.setPuzzle(cells);
    else await this.choose(entry, cells);
  }

  /** Show a puzzle of the model's table: at random, or the one of an index. */
  async newPuzzle(index?: number): Promise<void> {
    this.player.pause();
    const { entry } = this;
    const table = this.tables.get(entry.folder) ?? fetchPuzzles(this.base, entry);
    this.tables.set(entry.folder, table);
    try {
      const texts = await table;
      if (this.entry !== entry) return;
      const row = index ?? Math.floor(Math.random() * texts.length);
      this.setPuzzle(readPuzzle(at(texts, row), [this.rules.shape]).cells);
    } catch (error) {
      this.tables.delete(entry.folder);
      this.say(lineOf(error), true);
    }
  }

  /** Write a value into the selected cell. What was thought about the former puzzle is forgotten. */
  enter(value: number): void {
    const { selected } = this.view;
    if (selected === null) return this.say("Select a cell first.", false);
    const cells = this.history.puzzle.slice();
    for (const [cell, other] of cells.entries()) {
      if (this.rules.unique(value) && other === value) cells[cell] = this.rules.blank;
    }
    cells[selected] = value;
    this.setPuzzle(cells);
  }

  clear(): void {
    this.setPuzzle(this.rules.empty());
  }

  /** The puzzle as text. */
  get text(): string {
    return writePuzzle({ shape: this.rules.shape, cells: this.history.puzzle });
  }

  private setPuzzle(cells: Cells): void {
    this.player.pause();
    const { frozen } = this.history;
    this.history = this.fresh(cells);
    for (const letter of frozen) this.history.frozen.add(letter);
    const problem = this.rules.problem(cells);
    this.say(problem && cells.some((value) => value !== this.rules.blank) ? `No puzzle yet: ${problem}.` : "", true);
  }

  // -- time ---------------------------------------------------------------------------------------------------------

  /** Show the next moment, which the model thinks of if there is none yet. Returns whether there is more to play. */
  async forward(): Promise<boolean> {
    const { history } = this;
    if (!history.atEnd) {
      this.seek(history.cursor + 1);
      return true;
    }
    if (history.finished) return false;
    await this.think();
    return this.history === history && !(history.atEnd && history.finished);
  }

  /** One update on, past the end of what the model would think of by itself. */
  async step(): Promise<void> {
    this.player.pause();
    if (!this.history.atEnd) return this.seek(this.history.cursor + 1);
    if (this.thinking) return;
    if (this.history.finished) this.history.thinkOn();
    await this.think();
  }

  seek(update: number): void {
    this.history.seek(update);
    this.changed();
  }

  /** On to the end of the ACT step. */
  async actStep(): Promise<void> {
    const { history } = this;
    for (let before = -1; before !== history.cursor;) {
      before = history.cursor;
      await this.step();
      if (this.history !== history || history.cursor % history.program.length === 0) return;
    }
  }

  toggle(): void {
    if (this.player.playing) return this.player.pause();
    if (this.history.atEnd && this.history.finished) this.history.thinkOn();
    void this.player.play().catch((error: unknown) => this.say(lineOf(error), true));
  }

  /** Freeze or release a state from the shown moment on. What came later is forgotten. */
  async freeze(letter: StateLetter): Promise<void> {
    const { history } = this;
    await this.ask(async () => {
      const later = !history.atEnd;
      history.cut();
      if (later && this.begun === history) await this.session.rewind(history.updates);
      if (!history.frozen.delete(letter)) history.frozen.add(letter);
    });
    const done = history.frozen.has(letter) ? "frozen" : "released";
    this.say(`z_${letter} is ${done} from update ${history.updates + 1} on.`, false);
  }

  private async think(): Promise<void> {
    const { history } = this;
    this.thinking = true;
    await this.ask(async () => {
      if (this.history !== history) return;
      const problem = this.rules.shape.kind === "maze" ? this.rules.problem(history.puzzle) : null;
      if (problem) throw new Error(`No puzzle yet: ${problem}.`);
      if (this.begun !== history) {
        this.begun = null;
        await this.session.begin(history.puzzle);
        this.begun = history;
      }
      history.push(await this.session.update(history.nextLetter));
    });
    this.thinking = false;
    this.changed();
  }

  private load(entry: Entry): void {
    this.view.loading = true;
    this.loaded = entry;
    this.begun = null;
    void this.ask(async () => {
      try {
        await this.session.load(entry);
      } catch (error) {
        if (this.loaded === entry) this.loaded = null; // choosing it once more loads it once more
        throw error;
      } finally {
        this.view.loading = this.loaded !== null && this.loaded !== entry;
        this.changed();
      }
    });
  }

  /** Run a task that talks to the worker after those before it. An error stops playing and is shown. */
  private async ask(task: () => Promise<void>): Promise<void> {
    const run = this.queue.then(task).catch((error: unknown) => {
      this.player.pause();
      this.say(lineOf(error), true);
    });
    this.queue = run;
    await run;
  }

  say(note: string, wrong: boolean): void {
    this.view.note = note;
    this.view.wrong = wrong && note !== "";
    this.changed();
  }

  select(cell: number | null): void {
    if (cell === this.view.selected) return;
    this.view.selected = cell;
    this.changed();
  }

  private fresh(cells: Cells): History {
    const { program, act_steps } = this.entry.manifest;
    return new History(this.rules, cells, program, act_steps);
  }
}

function lineOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
