/** The recurrence as a program: a string of updates that one ACT step runs. */

/** `L` updates z_L, `H` updates z_H, `-` is an update of a frozen state: it changes nothing but counts. */
export type Letter = "L" | "H" | "-";

/** A state that can be frozen, by the letter of the updates that write it. */
export type StateLetter = "L" | "H";

/** The letter at a place of the program, counted from 0 over all ACT steps, where some states are frozen. */
export function letterAt(program: string, place: number, frozen: ReadonlySet<StateLetter>): Letter {
  const letter = program[place % program.length];
  if (letter !== "L" && letter !== "H") throw new Error(`program ${program}, expected a string of L and H`);
  return frozen.has(letter) ? "-" : letter;
}
