import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../src/app";
import type { Entry } from "../src/model/manifest";
import { Service } from "../src/model/service";
import { type Port, Session } from "../src/model/session";
import { toyGraphs } from "./model/toy";

const ENTRIES = [entry("easy", "sudoku", 4), entry("winding", "maze", 3)];
const TABLES: Record<string, readonly string[]> = {
  easy: ["1" + ".".repeat(15), "2" + ".".repeat(15)],
  winding: ["S  # # G "],
};

let failing: boolean;

function entry(name: string, kind: "sudoku" | "maze", side: number): Entry {
  const manifest = {
    name,
    kind,
    family: `${kind}-${side}x${side}`,
    rows: side,
    columns: side,
    program: "LLH",
    act_steps: 4,
  };
  const box = kind === "sudoku" ? { box: [2, 2] as const } : {};
  return { folder: name, name, manifest: { ...manifest, ...box } as unknown as Entry["manifest"] };
}

/** An app whose worker is a service in the same thread. */
function opened(): App {
  const service = new Service(async (_, manifest) => {
    if (failing) throw new Error("start.onnx: 404 Not Found");
    return toyGraphs([], manifest.rows * manifest.columns);
  });
  const port: Port = {
    onmessage: null,
    onerror: null,
    postMessage: (message) => void service.reply(message).then((data) => port.onmessage?.({ data } as MessageEvent)),
  };
  return new App(ENTRIES, new Session(port, "http://here/"), "http://here/", () => undefined);
}

async function steps(app: App, count: number): Promise<void> {
  for (let step = 0; step < count; step++) await app.step();
}

beforeEach(() => {
  failing = false;
  vi.stubGlobal("fetch", async (address: string) => Response.json(TABLES[address.split("/").at(-2) ?? ""]));
});
afterEach(() => void vi.unstubAllGlobals());

test("a model is shown with the first puzzle of its table, or with that of a link", async () => {
  const app = opened();
  await app.open(null, null);
  expect(app.text).toBe(TABLES["easy"]?.[0]);
  await app.open("winding", null);
  expect(app.text).toBe("S  \n# #\n G ");
  await app.open("easy", "...4............");
  expect(app.text).toBe("...4............");
  await app.open("gone", "...4............");
  expect(app.entry.name).toBe("easy");
  expect(app.view).toMatchObject({ note: "This site has no model gone.", wrong: true });
});

test("one steps on and back, and a frozen state does nothing from the shown moment on", async () => {
  const app = opened();
  await app.open("easy", null);
  await steps(app, 5);
  expect(app.history.now.update).toBe(5);
  const before = app.history.moments.map(({ z_H, z_L }) => [z_H.confidence[0], z_L.confidence[0]]);
  app.seek(3);
  await app.freeze("L");
  expect(app.view.note).toBe("z_L is frozen from update 4 on.");
  expect(app.history.updates).toBe(3);
  await steps(app, 3);
  expect(app.history.moments.map(({ letter }) => letter).join("")).toBe("LLH--H");
  expect(app.history.now.z_L).toBe(app.history.moments[2]?.z_L);
  app.seek(3);
  await app.freeze("L");
  await steps(app, 2);
  expect(app.history.moments.map(({ z_H, z_L }) => [z_H.confidence[0], z_L.confidence[0]])).toEqual(before);
});

test("an ACT step on ends where the ACT step ends, thought of before or not", async () => {
  const app = opened();
  await app.open("easy", null);
  await app.actStep();
  expect(app.history.cursor).toBe(3);
  await app.step();
  await app.actStep();
  expect(app.history.cursor).toBe(6);
  app.seek(1);
  await app.actStep();
  expect([app.history.cursor, app.history.updates]).toEqual([3, 6]);
});

test("another digit begins another history, in which what is frozen stays frozen", async () => {
  const app = opened();
  await app.open("easy", null);
  await app.freeze("H");
  await steps(app, 3);
  app.enter(3);
  expect(app.view.note).toBe("Select a cell first.");
  app.select(5);
  app.enter(3);
  expect(app.text).toBe("1....3..........");
  expect(app.history.updates).toBe(0);
  expect([...app.history.frozen]).toEqual(["H"]);
  await steps(app, 1);
  expect(app.history.updates).toBe(1);
});

test("a maze has one start: where it is written, it leaves its former cell", async () => {
  const app = opened();
  await app.open("winding", null);
  app.select(7);
  app.enter(2);
  expect(app.text).toBe("   \n# #\n S ");
  expect(app.view.note).toBe("No puzzle yet: 0 goal cells, expected 1.");
  await app.step();
  expect(app.history.updates).toBe(0);
});

test("playing ends with the model's ACT steps, and goes on when it is asked to", async () => {
  const app = opened();
  await app.open("easy", null);
  app.player.speed = Infinity;
  app.toggle();
  await vi.waitFor(() => expect(app.player.playing).toBe(false), { timeout: 5000 });
  expect(app.history.updates).toBe(12);
  app.toggle();
  await vi.waitFor(() => expect(app.history.updates).toBe(24), { timeout: 5000 });
});

test("a puzzle of another shape changes the model, and one that no model plays is refused", async () => {
  const app = opened();
  await app.open("easy", null);
  await app.read("S #\n  #\n# G");
  expect(app.entry.name).toBe("winding");
  await expect(app.read(".".repeat(81))).rejects.toThrow("no puzzle found, expected 9 cells (3×3) or 16 cells (4×4)");
});

test("a model that cannot be loaded is said, and is loaded when it is chosen once more", async () => {
  const app = opened();
  failing = true;
  await app.open("easy", null);
  await app.step();
  expect(app.view).toMatchObject({ note: "no model is loaded", wrong: true, loading: false });
  failing = false;
  await app.open("easy", null);
  await app.step();
  expect(app.history.updates).toBe(1);
});
