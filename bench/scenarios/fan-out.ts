import type { Bench, Figures } from "../bench.js";
import { itemsOf } from "../bodies.js";
import { App, Stub } from "../processes.js";
import { compete, ratiosToOthers, type Entrant } from "./contest.js";

const all = ["ours", "bare", "fastify", "dapr-sdk"] as const;
const allButSdk = ["ours", "bare", "fastify"] as const;

const jobs = [
  { scenario: "one invocation → 1,000 state items", path: "/save-items", items: 1000, names: all },
  { scenario: "one invocation → 1,000 publish items", path: "/publish-items", items: 1000, names: all },
  {
    scenario: "one invocation → 1,000 publish items, bulk",
    path: "/publish-items-bulk",
    items: 1000,
    // The SDK's bulk requests are those of an older version of the API.
    names: allButSdk,
  },
  { scenario: "one invocation → 100 binding items", path: "/call-binding-items", items: 100, names: all },
];

/** One invocation whose output has many items, on the stub: what the library adds to each item. */
export async function fanOut(bench: Bench): Promise<Figures[]> {
  if (bench.quick) return [];
  const stub = await Stub.start(bench.load);
  const apps: Record<string, App> = {};
  try {
    for (const name of all) apps[name] = await App.start(bench, { name, sidecarPort: stub.port });
    const results: Figures[] = [];
    for (const { scenario, path, items, names } of jobs) {
      const entrants = Object.fromEntries(names.map((name): [string, Entrant] => [name, { app: apps[name]! }]));
      const contest = { path, body: itemsOf(items), connections: 1, itemsPerRequest: items, warmUp: 10_000 / items };
      const rounds = await compete(bench, entrants, { ...contest, scenario, stub, rounds: 3, seconds: 0.8 });
      const ratios = ratiosToOthers(rounds, "ours", names.slice(1));
      results.push({ scenario, contestants: rounds.medians(), ratios });
    }
    return results;
  } finally {
    for (const app of Object.values(apps)) await app.close();
    stub.close();
  }
}
