// A process of its own for one contestant: `node main.js NAME SIDECAR_PORT`. Tells its parent the port, and on each
// message the processor time used so far and the memory in use after a collection.
import type { Contestant } from "./contestant.js";

const [name, sidecarPort] = process.argv.slice(2);

void (async () => {
  // oxlint-disable-next-line typescript/no-require-imports -- each contestant's packages load in its own process alone
  const { contestant } = require(`./${name}.js`) as { contestant: Contestant };
  const port = await contestant.start(Number(sidecarPort));
  process.on("message", () => {
    globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    process.send!({ cpuMicroseconds: user + system, rss, heapUsed });
  });
  process.send!({ port });
})();
