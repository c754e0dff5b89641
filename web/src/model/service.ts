/** What answers the page's requests: it holds one model and one mind, and takes requests in their order. */

import type { Manifest } from "./manifest";
import type { Numbered, Reply, Request } from "./messages";
import { type Change, type Graphs, Mind } from "./mind";

export class Service<T> {
  private loaded: { readonly graphs: Graphs<T>; readonly every: number } | null = null;
  private mind: Mind<T> | null = null;
  private last: Promise<unknown> = Promise.resolve();

  /** @param load loads the graphs of the model in a folder of the site. */
  constructor(private readonly load: (folder: string, manifest: Manifest) => Promise<Graphs<T>>) {}

  /** Answer a request after those before it; an error becomes a reply. */
  reply({ id, request }: Numbered): Promise<Reply> {
    const reply = this.last.then(async (): Promise<Reply> => {
      try {
        return { id, change: await this.answer(request) };
      } catch (error) {
        return { id, error: error instanceof Error ? error.message : String(error) };
      }
    });
    this.last = reply;
    return reply;
  }

  private async answer(request: Request): Promise<Change | null> {
    switch (request.do) {
      case "load":
        this.mind = null;
        this.loaded = null;
        this.loaded = {
          graphs: await this.load(request.folder, request.manifest),
          every: request.manifest.program.length,
        };
        return null;
      case "begin":
        if (!this.loaded) throw new Error("no model is loaded");
        this.mind = await Mind.begin(this.loaded.graphs, request.cells, this.loaded.every);
        return null;
      case "update":
        return this.begun.update(request.letter);
      case "rewind":
        await this.begun.rewind(request.updates);
        return null;
    }
  }

  private get begun(): Mind<T> {
    if (!this.mind) throw new Error("no puzzle is begun");
    return this.mind;
  }
}
