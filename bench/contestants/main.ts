// A process of its own for one contestant: `node main.js NAME SIDECAR_PORT PORT ARGUMENT`. Tells its parent when it
// listens, and on each message what it has used so far; a message that names a file ends a profile, written there.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { seen, type Contestant } from "./contestant.js";

const [name, sidecarPort, port, argument = ""] = process.argv.slice(2);

interface Asked {
  readonly collected: boolean;
  readonly profile?: string;
}

const session = new Session();

async function answer({ collected, profile }: Asked): Promise<void> {
  if (profile === "start") {
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: 200 });
    await session.post("Profiler.start");
  } else if (profile !== undefined) {
    const stopped = await session.post("Profiler.stop");
    writeFileSync(profile, JSON.stringify(stopped.profile));
  }
  // Processor time first: the collection is no work of the contestant's.
  const { user, system } = process.cpuUsage();
  if (collected) globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const maxRss = process.resourceUsage().maxRSS * 1024;
  process.send!({ cpuSeconds: (user + system) / 1e6, rss, heapUsed, maxRss, events: seen.events });
}

void (async () => {
  // oxlint-disable-next-line typescript/no-require-imports -- each contestant's packages load in its own process alone
  const { contestant } = require(`./${name}.js`) as { contestant: Contestant };
  await contestant.start(Number(sidecarPort), Number(port), argument);
  process.on("message", (asked: Asked) => void answer(asked));
  process.on("disconnect", () => process.exit());
  process.send!("listening");
})();
