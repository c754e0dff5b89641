/** The graphs of a model in onnxruntime-web: WebAssembly, one thread, so that no special headers are needed. */

import * as ort from "onnxruntime-web/wasm";
import { GRAPHS, type GraphName, type Manifest } from "./manifest";
import type { Graphs } from "./mind";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export type Tensor = ort.Tensor;
type Tensors = Record<string, Tensor>;

/** Fetch and load the graphs of the model in a folder of the site. */
export async function loadGraphs(folder: string, manifest: Manifest): Promise<Graphs<Tensor>> {
  const sessions = new Map<GraphName, ort.InferenceSession>();
  for (const name of GRAPHS) sessions.set(name, await loadGraph(`${folder}/${manifest.graphs[name]}`));

  async function run(name: GraphName, values: Tensors): Promise<Tensors> {
    const session = sessions.get(name);
    if (!session) throw new Error(`no graph ${name}`);
    const needed = manifest.inputs[name].map((input) => [input, take(values, input)]);
    return (await session.run(Object.fromEntries(needed))) as Tensors;
  }
  const only = async (name: GraphName, values: Tensors) => take(await run(name, values), manifest.outputs[name][0]);

  return {
    tokens: manifest.vocabulary_size,
    async start(cells) {
      const tokens = BigInt64Array.from(cells, (cell) => BigInt(cell + 1));
      const made = await run("start", { tokens: new ort.Tensor("int64", tokens, [1, cells.length]) });
      return { x: take(made, "x"), z_L: take(made, "z_L"), z_H: take(made, "z_H") };
    },
    update: (letter, state, x) => only(letter, { ...state, x }),
    decode: async (z) => (await only("decode", { z })).data as Float32Array,
    halt: async (z_H) => Number((await only("halt", { z_H })).data[0]),
  };
}

async function loadGraph(address: string): Promise<ort.InferenceSession> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  return ort.InferenceSession.create(await response.arrayBuffer(), { executionProviders: ["wasm"] });
}

function take(values: Tensors, name: string | undefined): Tensor {
  const value = name === undefined ? undefined : values[name];
  if (!value) throw new Error(`no tensor ${name}, found ${Object.keys(values).join(", ")}`);
  return value;
}
