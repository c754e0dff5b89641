import { expect, test } from "vitest";
import type { Numbered, Reply } from "../../src/model/messages";
import { type Port, Session } from "../../src/model/session";

function wired() {
  const sent: Numbered[] = [];
  const port: Port = { postMessage: (message) => sent.push(message), onmessage: null, onerror: null };
  const reply = (data: Reply) => port.onmessage?.({ data } as MessageEvent<Reply>);
  return { sent, port, reply, session: new Session(port, "http://here/site/") };
}

test("each reply settles its own request, in any order", async () => {
  const { sent, reply, session } = wired();
  const [first, second] = [session.rewind(3), session.update("L")];
  const change = { letter: "L", reading: null, halting: null, milliseconds: 1 } as const;
  reply({ id: sent[1]?.id ?? -1, change });
  expect(await second).toEqual(change);
  reply({ id: sent[0]?.id ?? -1, error: "update 3, expected 0 to 2" });
  await expect(first).rejects.toThrow("update 3, expected 0 to 2");
});

test("a model is loaded from its folder in the site", () => {
  const { sent, session } = wired();
  void session.load({ folder: "m-1234", name: "m", manifest: {} as never });
  expect(sent[0]?.request).toMatchObject({ do: "load", folder: "http://here/site/models/m-1234" });
});

test("a worker that fails fails every request", async () => {
  const { port, session } = wired();
  const asked = session.begin(new Uint8Array(1));
  port.onerror?.({ message: "no WebAssembly" } as ErrorEvent);
  await expect(asked).rejects.toThrow("no WebAssembly");
});
