import { openCron } from "../../../lib/sidecar/components/cron-binding.js";

describe("openCron", () => {
  afterEach(() => jest.useRealTimers());

  it.each([
    "@every 1s",
    "@every 1h30m",
    "@hourly",
    "@midnight",
    "*/5 * * * *",
    "15 * * * * *",
    "0 9 * * MON-FRI",
    "TZ=Asia/Tokyo 0 6 * * ?",
  ])("reads the schedule %j", (schedule) => expect(() => openCron({ schedule })).not.toThrow());

  it.each(["@every soon", "@never", "* * * *", "* * * * * * *", "61 * * * *", "now"])("refuses %j", (schedule) => {
    expect(() => openCron({ schedule })).toThrow(`invalid schedule format '${schedule}'`);
  });

  it("refuses to start without a schedule", () => {
    expect(() => openCron({})).toThrow("schedule not set");
  });

  it.each([
    ["@every 2s", 10, 5],
    ["@every 100ms", 10, 10],
    ["*/2 * * * * *", 10, 5],
    ["@hourly", 3 * 3600, 3],
  ])("fires %s within %d s %d times, and no more once it is stopped", (schedule, seconds, times) => {
    jest.useFakeTimers({ now: new Date("2031-05-01T12:00:00.250Z") });
    const fired: string[] = [];
    const stop = openCron({ schedule }).start(({ metadata }) => fired.push(metadata["readtimeutc"]!));
    jest.advanceTimersByTime(seconds * 1000);
    expect(fired).toHaveLength(times);
    stop();
    jest.advanceTimersByTime(seconds * 1000);
    expect(fired).toHaveLength(times);
  });
});
