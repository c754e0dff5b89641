/** The page's side of the worker: each call is a promise, answered in order. */

import type { Cells } from "../rules/shape";
import type { Letter } from "../think/letters";
import type { Entry } from "./manifest";
import type { Numbered, Reply, Request } from "./messages";
import type { Change } from "./mind";

/** What a session needs of a `Worker`. */
export interface Port {
  postMessage(message: Numbered): void;
  onmessage: ((event: MessageEvent<Reply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

interface Waiting {
  resolve(change: Change | null): void;
  reject(error: Error): void;
}

export class Session {
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor(
    private readonly port: Port,
    private readonly base: string,
  ) {
    port.onmessage = ({ data }) => this.settle(data);
    port.onerror = (event) => {
      for (const id of [...this.waiting.keys()]) this.settle({ id, error: event.message || "the worker failed" });
    };
  }

  async load({ folder, manifest }: Entry): Promise<void> {
    await this.ask({ do: "load", folder: new URL(`models/${encodeURIComponent(folder)}`, this.base).href, manifest });
  }

  async begin(cells: Cells): Promise<void> {
    await this.ask({ do: "begin", cells });
  }

  async update(letter: Letter): Promise<Change> {
    const change = await this.ask({ do: "update", letter });
    if (!change) throw new Error("an update without an answer");
    return change;
  }

  async rewind(updates: number): Promise<void> {
    await this.ask({ do: "rewind", updates });
  }

  private ask(request: Request): Promise<Change | null> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.port.postMessage({ id, request });
    });
  }

  private settle(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ("error" in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.change);
  }
}
