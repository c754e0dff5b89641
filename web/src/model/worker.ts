/** The worker, so that the page never waits for the model. */

import type { Numbered } from "./messages";
import { loadGraphs } from "./runtime";
import { Service } from "./service";

const service = new Service(loadGraphs);

self.onmessage = async ({ data }: MessageEvent<Numbered>) => {
  self.postMessage(await service.reply(data));
};
