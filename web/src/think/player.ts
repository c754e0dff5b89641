/** Plays updates at a pace: at most `speed` a second, slower where an update takes longer. */

/** Updates a second that can be chosen; Infinity is as fast as the model is. */
export const SPEEDS: readonly number[] = [1, 2, 4, 8, 16, 32, Infinity];

export class Player {
  speed = 8;
  private running = 0;

  /**
   * @param step makes or shows one more update; false where there is none.
   * @param changed called when playing starts and stops.
   */
  constructor(
    private readonly step: () => Promise<boolean>,
    private readonly changed: () => void,
  ) {}

  get playing(): boolean {
    return this.running !== 0;
  }

  /** Play until there is no further update, or until `pause`. */
  async play(): Promise<void> {
    if (this.playing) return;
    const run = ++runs;
    this.running = run;
    this.changed();
    try {
      while (this.running === run) {
        const began = performance.now();
        if (!(await this.step())) break;
        await pause(1000 / this.speed - (performance.now() - began));
      }
    } finally {
      if (this.running === run) this.pause();
    }
  }

  pause(): void {
    if (!this.playing) return;
    this.running = 0;
    this.changed();
  }
}

let runs = 0;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
