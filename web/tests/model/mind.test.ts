import { expect, test } from "vitest";
import { type Graphs, Mind } from "../../src/model/mind";
import type { Letter } from "../../src/think/letters";
import { toyGraphs } from "./toy";

function counting(): { graphs: Graphs<number>; runs: string[] } {
  const runs: string[] = [];
  return { graphs: toyGraphs(runs), runs };
}

async function run(mind: Mind<number>, letters: string) {
  let last = null;
  for (const letter of letters) last = await mind.update(letter as Letter);
  return last;
}

test("an L-update decodes z_L alone, an H-update also reads the halting head", async () => {
  const { graphs } = counting();
  const mind = await Mind.begin(graphs, new Uint8Array(4), 6);
  expect(await mind.update("L")).toMatchObject({ letter: "L", halting: null });
  expect(await mind.update("H")).toMatchObject({ letter: "H", halting: expect.any(Number) });
  expect(await mind.update("-")).toMatchObject({ letter: "-", reading: null, halting: null });
  expect(mind.updates).toBe(3);
});

test.each([0, 1, 5, 6, 7, 11, 12, 13])(
  "after going back to update %i the same letters lead to the same states",
  async (to) => {
    const letters = "LLHLLHL-HL-HLLH";
    const straight = await Mind.begin(counting().graphs, new Uint8Array(4), 6);
    const wanted = await run(straight, `${letters}LH`);
    const mind = await Mind.begin(counting().graphs, new Uint8Array(4), 6);
    await run(mind, letters);
    await mind.rewind(to);
    expect(mind.updates).toBe(to);
    const found = await run(mind, `${letters.slice(to)}LH`);
    expect(found?.halting).toBe(wanted?.halting);
    expect(found?.reading).toEqual(wanted?.reading);
  },
);

test("going back runs the updates of one ACT step at most", async () => {
  const { graphs, runs } = counting();
  const mind = await Mind.begin(graphs, new Uint8Array(4), 6);
  await run(mind, "LLHLLH".repeat(5));
  runs.length = 0;
  await mind.rewind(17);
  expect(runs.join("")).toBe("LLHLL");
  await expect(mind.rewind(18)).rejects.toThrow("update 18, expected 0 to 17");
});

test("another letter on the way leads elsewhere", async () => {
  const mind = await Mind.begin(counting().graphs, new Uint8Array(4), 6);
  const wanted = await run(mind, "LLHLLH");
  await mind.rewind(3);
  const found = await run(mind, "--H");
  expect(found?.reading).not.toEqual(wanted?.reading);
});
