import type { Bench, Figures } from "../bench.js";
import { itemsOf } from "../bodies.js";
import { App, Stub, type Name } from "../processes.js";
import { compete, ratiosToOthers, type Entrant } from "./contest.js";

const names = ["ours", "bare", "fastify", "dapr-sdk"] as const;
const withoutSdk = ["ours", "bare", "fastify"] as const;

interface Job {
  readonly scenario: string;
  readonly path: string;
  readonly items: number;
  /** Requests. */
  readonly warmUp: number;
  readonly names: readonly Name[];
}

const jobs: readonly Job[] = [
  { scenario: "one invocation → 1,000 state items", path: "/save-items", items: 1000, warmUp: 300, names },
  { scenario: "one invocation → 1,000 publish items", path: "/publish-items", items: 1000, warmUp: 30, names },
  {
    scenario: "one invocation → 1,000 publish items, bulk",
    path: "/publish-items-bulk",
    items: 1000,
    warmUp: 300,
    // The SDK's bulk requests are those of an older version of the API.
    names: withoutSdk,
  },
  { scenario: "one invocation → 100 binding items", path: "/call-binding-items", items: 100, warmUp: 300, names },
];

const barred = ["ours", "bare"] as const;

/** One invocation whose output has many items, on the stub: what the library adds to each item. */
export async function fanOut(bench: Bench): Promise<Figures[]> {
  const stub = await Stub.start(bench.load);
  const apps: Record<string, App> = {};
  try {
    for (const name of bench.quick ? barred : names)
      apps[name] = await App.start(bench, { name, sidecarPort: stub.port });
    const results: Figures[] = [];
    const length = bench.quick ? { rounds: 3, seconds: 0.4 } : { rounds: 5, seconds: 0.8 };
    for (const { scenario, path, items, warmUp, names: able } of jobs) {
      const taking = able.filter((name) => name in apps);
      const entrants = Object.fromEntries(taking.map((name): [string, Entrant] => [name, { app: apps[name]! }]));
      const contest = { path, body: itemsOf(items), connections: 1, itemsPerRequest: items, warmUp };
      const rounds = await compete(bench, entrants, { ...contest, scenario, stub, ...length });
      const ratios = ratiosToOthers(rounds, "ours", taking.slice(1));
      results.push({ scenario, contestants: rounds.medians(), ratios });
    }
    return results;
  } finally {
    for (const app of Object.values(apps)) await app.close();
    stub.close();
  }
}
