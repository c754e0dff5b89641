/** The worker: it holds one model and one mind, and answers requests in their order, so that the page never waits. */

import type { Numbered, Reply, Request } from "./messages";
import { type Change, type Graphs, Mind } from "./mind";
import { loadGraphs, type Tensor } from "./runtime";

let loaded: { graphs: Graphs<Tensor>; every: number } | null = null;
let mind: Mind<Tensor> | null = null;
let last: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Numbered>) => {
  last = last.then(async () => self.postMessage(await reply(data)));
};

async function reply({ id, request }: Numbered): Promise<Reply> {
  try {
    return { id, change: await answer(request) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

async function answer(request: Request): Promise<Change | null> {
  switch (request.do) {
    case "load": {
      mind = null;
      loaded = null;
      const graphs = await loadGraphs(request.folder, request.manifest);
      loaded = { graphs, every: request.manifest.program.length };
      return null;
    }
    case "begin":
      if (!loaded) throw new Error("no model is loaded");
      mind = await Mind.begin(loaded.graphs, request.cells, loaded.every);
      return null;
    case "update":
      if (!mind) throw new Error("no puzzle is begun");
      return mind.update(request.letter);
    case "rewind":
      if (!mind) throw new Error("no puzzle is begun");
      await mind.rewind(request.updates);
      return null;
  }
}
