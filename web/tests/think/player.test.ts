import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Player } from "../../src/think/player";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function counted(most = Infinity) {
  let steps = 0;
  const changed = vi.fn();
  const player = new Player(async () => ++steps < most, changed);
  return { player, changed, count: () => steps };
}

test("updates come at the pace that is chosen", async () => {
  const { player, count } = counted();
  player.speed = 4;
  void player.play();
  await vi.advanceTimersByTimeAsync(1100);
  expect(count()).toBe(5);
  player.pause();
  await vi.advanceTimersByTimeAsync(1000);
  expect(count()).toBe(5);
});

test("playing ends by itself where there is no further update", async () => {
  const { player, changed, count } = counted(3);
  player.speed = Infinity;
  const done = player.play();
  expect(player.playing).toBe(true);
  await vi.runAllTimersAsync();
  await done;
  expect(player.playing).toBe(false);
  expect(count()).toBe(3);
  expect(changed).toHaveBeenCalledTimes(2);
});

test("to pause and play in between does not play twice as fast", async () => {
  const { player, count } = counted();
  player.speed = 2;
  void player.play();
  await vi.advanceTimersByTimeAsync(10);
  player.pause();
  void player.play();
  void player.play();
  const before = count();
  await vi.advanceTimersByTimeAsync(2000);
  expect(count() - before).toBe(4);
  player.pause();
});
