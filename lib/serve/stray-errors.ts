import { isDaprFunctionsError } from "../model/errors.js";
import type { Log } from "../model/invocation.js";
import { detailOf } from "../invocation/failures.js";

const ours = Symbol.for("dapr-functions/stray-error-listener");

/**
 * Keeps the process alive when a function forgets to await: what then fails fails outside of its invocation, and Node
 * would end the process and with it every other invocation. Such a rejection is logged, and so is an `add` that comes
 * too late from a timer; any other uncaught exception ends the process as ever. A program that listens to
 * these events itself decides for itself.
 *
 * @returns ends the listening
 */
export function surviveStrayErrors(log: Log): () => void {
  const onRejection = marked((reason: unknown) => {
    if (!isDecidedBy(onRejection, process.listeners("unhandledRejection"))) return;
    log.error(`a promise was rejected that nobody awaits: ${detailOf(reason)}; await it in the function that made it`);
  });
  const onException = marked((error: unknown) => {
    // The collector has logged it, with function and output.
    if (isDaprFunctionsError(error) && error.code === "ERR_COLLECTOR_CLOSED") return;
    if (!isDecidedBy(onException, process.listeners("uncaughtException"))) return;
    for (const listener of process.listeners("uncaughtException")) process.off("uncaughtException", listener);
    process.nextTick(() => {
      throw error;
    });
  });
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return () => {
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}

function marked<F extends (thrown: unknown) => void>(listener: F): F {
  return Object.assign(listener, { [ours]: true });
}

/** True for the first of the apps in a process, where none of the listeners is the program's own. */
function isDecidedBy(listener: object, listeners: readonly object[]): boolean {
  return listeners[0] === listener && listeners.every((other) => ours in other);
}
