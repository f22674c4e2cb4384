import { after } from "../../model/duration.js";
import type { BindingEvent, InputBinding } from "../api/bindings.js";
import { property, type Properties } from "./components.js";
import { parseDuration } from "../values/go-values.js";

const descriptors: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/**
 * `bindings.cron`: an event without a body at each time of `schedule`.
 *
 * @throws Error when the schedule is missing or not understood.
 * @see https://docs.dapr.io/reference/components-reference/supported-bindings/cron/
 */
export function openCron(properties: Properties): Pick<InputBinding, "start"> {
  const schedule = property(properties, "schedule") ?? "";
  if (schedule === "") throw new Error("schedule not set");
  const every = /^@every (.*)$/.exec(schedule)?.[1];
  const period = every === undefined ? undefined : parseDuration(every);
  if (every !== undefined && period === undefined) {
    throw new Error(`invalid schedule format '${schedule}': failed to parse duration`);
  }
  // Of `@every`, seconds are the finest step: less becomes one second, fractions are cut off.
  const seconds = period === undefined ? undefined : Math.max(1, Math.floor(period / 1000));
  if (seconds === undefined) scheduleJob(schedule)().stop();
  return {
    start(deliver) {
      const fire = () => deliver(eventAt(new Date()));
      if (seconds !== undefined) return startInterval(seconds * 1000, fire);
      const job = scheduleJob(schedule)(fire);
      return () => job.stop();
    },
  };
}

/** A job of croner that is not begun until it gets something to do. */
function scheduleJob(schedule: string) {
  const { Cron } = require("croner") as typeof import("croner");
  const [, timezone, pattern = schedule] = /^(?:CRON_)?TZ=(\S+) +(?! )(.*)$/s.exec(schedule) ?? [];
  return (fire?: () => void) => {
    try {
      const options = { mode: "5-or-6-parts", ...(timezone !== undefined && { timezone }) } as const;
      return new Cron(descriptors[pattern] ?? pattern, { ...options, paused: !fire }, fire ?? (() => undefined));
    } catch (error) {
      throw new Error(`invalid schedule format '${schedule}': ${(error as Error).message}`, { cause: error });
    }
  };
}

/** Fires at full seconds of the clock that it begins by, as Dapr's scheduler does; moving the clock later moves nothing. */
function startInterval(period: number, fire: () => void): () => void {
  let stop: () => void;
  const wait = (next: number): void => {
    stop = after(Math.max(0, Math.ceil(next - performance.now())), () => {
      fire();
      const missed = Math.max(0, Math.floor((performance.now() - next) / period));
      wait(next + (missed + 1) * period);
    });
  };
  wait(performance.now() - (Date.now() % 1000) + period);
  return () => stop();
}

/** Names are sent as headers, which makes them lower case. */
function eventAt(time: Date): BindingEvent {
  const [day, clock] = time.toISOString().slice(0, -1).split("T");
  return { metadata: { readtimeutc: `${day} ${clock} +0000 UTC`, timezone: "Local" } };
}
