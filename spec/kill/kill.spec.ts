import { canRun } from "../support/not-run.js";
import { noLosses, Rig, victims, type Losses } from "./rig.js";

const kills = 5;

if (canRun("the kill suite", "daprd", "redis-server")) {
  describe("an app, its daprd and Redis, each killed while events flow,", () => {
    let rig: Rig;
    let losses: Losses;

    beforeAll(async () => {
      rig = await Rig.start();
      const sending = Promise.all([rig.send("singles"), rig.send("bulks"), rig.send("calls")]);
      for (let kill = 0; kill < kills; kill++) for (const victim of victims) await rig.kill(victim);
      rig.stopSending();
      await sending;
      losses = await rig.settled();
    }, 240_000);
    afterAll(() => rig?.close());

    it("handle events of both kinds and calls between the kills", () => {
      const { singles, bulks, calls } = rig.acknowledged;
      for (const ids of [singles, bulks, calls]) expect(ids.length).toBeGreaterThan(kills);
    });

    it("deliver again what a kill has cut off", () => {
      expect(rig.runs).toBeGreaterThan(rig.acknowledged.singles.length + rig.acknowledged.bulks.length);
    });

    it("leave nothing acknowledged without its outputs, no copy under another id, no event counted twice", () => {
      expect(losses).toEqual(noLosses);
    });
  });
}
