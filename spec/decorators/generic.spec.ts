import { Input, Output, Retry, Trigger, readFunctions, type Collector } from "../../lib/index.js";

describe("@Trigger, @Input and @Output", () => {
  it("keep members in the order in which they were written", () => {
    class Depots {
      @Trigger({ schedule: "0 30 5 * * *", type: "timerTrigger", runOnStartup: false, useMonitor: true })
      @Input({ path: "{b}/{a}", name: "manifest", dataType: "binary", type: "blob", connection: "DepotStorage" })
      @Output({ queueName: "jobs", type: "queue", name: "jobs", absent: undefined, connection: "" })
      sweep(_p: unknown, _b: { manifest: Uint8Array; jobs: Collector<string> }): void {}
    }
    const [definition] = readFunctions([Depots]);
    expect(JSON.stringify([definition!.trigger, definition!.inputs, definition!.outputs])).toBe(
      JSON.stringify([
        {
          generic: true,
          type: "timerTrigger",
          direction: "in",
          name: "payload",
          members: { schedule: "0 30 5 * * *", runOnStartup: false, useMonitor: true },
        },
        [
          {
            generic: true,
            type: "blob",
            direction: "in",
            name: "manifest",
            dataType: "binary",
            members: { path: "{b}/{a}", connection: "DepotStorage" },
          },
        ],
        [
          {
            generic: true,
            type: "queue",
            direction: "out",
            name: "jobs",
            members: { queueName: "jobs", connection: "" },
          },
        ],
      ]),
    );
  });
});

describe("@Retry", () => {
  it("keeps its options as they were given", () => {
    const options = {
      strategy: "exponentialBackoff",
      maxRetryCount: 3,
      minimumInterval: "00:00:01",
      maximumInterval: "00:01:00",
    } as const;
    class Depots {
      @Retry(options)
      @Trigger({ type: "timerTrigger" })
      sweep(): void {}
    }
    expect(readFunctions([Depots])[0]!.retry).toEqual(options);
  });
});
