import type { Log } from "../model/invocation.js";

/** A log with all its functions: what is missing goes to `log`, and nowhere where that is missing too. */
export function completeLog(log: Partial<Log> = console): Log {
  const other =
    (name: keyof Log) =>
    (...args: unknown[]) =>
      (log[name] ?? log.log)?.call(log, ...args);
  return { log: other("log"), info: other("info"), warn: other("warn"), error: other("error"), debug: other("debug") };
}
