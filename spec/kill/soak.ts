import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { canRun } from "../support/not-run.js";
import { noLosses, Rig, type Losses, type Victim } from "./rig.js";
import { chartOf, type Fault, type Sample } from "./soak-chart.js";

const minutes = Number(process.env.SOAK_MINUTES ?? 5);
const folder = join(__dirname, "..", "..", ".build", "soak");
/** Milliseconds between two faults, and of a pause. */
const between = 8_000;
const pause = 3_000;

/** The app is killed rarely, so that its memory is seen over a time. */
const faults: readonly [Fault["kind"], Victim][] = [
  ["kill", "daprd"],
  ["pause", "redis"],
  ["kill", "redis"],
  ["pause", "daprd"],
  ["kill", "redis"],
  ["pause", "app"],
  ["kill", "daprd"],
  ["kill", "redis"],
  ["kill", "app"],
];

if (canRun("the soak", "daprd", "redis-server")) {
  it(
    `mixed load for ${minutes} minutes loses nothing to kills and pauses`,
    async () => {
      mkdirSync(folder, { recursive: true });
      const samples = join(folder, "samples.jsonl");
      writeFileSync(samples, "");
      const rig = await Rig.start(samples);
      const injected: Fault[] = [];
      const begun = Date.now();
      let losses: Losses;
      let runs: number;
      try {
        const sending = Promise.all([rig.send("singles"), rig.send("bulks"), rig.send("calls")]);
        for (let next = 0; Date.now() - begun < minutes * 60_000; next++) {
          await delay(between);
          const [kind, victim] = faults[next % faults.length]!;
          injected.push({ at: Date.now(), kind, victim });
          await (kind === "kill" ? rig.kill(victim) : rig.pause(victim, pause));
        }
        rig.stopSending();
        await sending;
        losses = await rig.settled();
        runs = rig.runs;
      } finally {
        await rig.close();
      }
      const taken = readFileSync(samples, "utf8").split("\n").filter(Boolean);
      const { singles, bulks, calls } = rig.acknowledged;
      const report = {
        minutes: (Date.now() - begun) / 60_000,
        acknowledged: { singles: singles.length, bulks: bulks.length, calls: calls.length },
        runs,
        losses,
        faults: injected,
        samples: taken.map((line) => JSON.parse(line) as Sample),
      };
      writeFileSync(join(folder, "soak.json"), JSON.stringify(report, undefined, 2));
      writeFileSync(join(folder, "soak.svg"), chartOf(report.samples, injected));
      expect(losses).toEqual(noLosses);
    },
    (minutes + 6) * 60_000,
  );
}
