import { isDaprFunctionsError } from "../model/errors.js";
import type { Log } from "../model/invocation.js";
import { failureOf } from "./failures.js";

/**
 * Keeps the process alive when a function forgets to await: what then fails fails outside of its invocation, and Node
 * would end the process and with it every other invocation. Such a rejection is logged, and so is an `add` that comes
 * too late from a timer; any other uncaught exception ends the process as ever. A program that listens itself decides
 * itself.
 *
 * @returns ends the listening
 */
export function surviveStrayErrors(log: Log): () => void {
  const onRejection = (reason: unknown) => {
    if (process.listenerCount("unhandledRejection") > 1) return;
    const { message, stack } = failureOf(reason);
    log.error(`a promise was rejected that nobody awaits: ${stack ?? message}; await it in the function that made it`);
  };
  const onException = (error: unknown) => {
    if (process.listenerCount("uncaughtException") > 1) return;
    if (isDaprFunctionsError(error) && error.code === "ERR_COLLECTOR_CLOSED") return;
    process.off("uncaughtException", onException);
    process.nextTick(() => {
      throw error;
    });
  };
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return () => {
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}
