import type { InvocationObserver } from "../invocation/observer.js";

/** Under this name the API of OpenTelemetry keeps what was registered, whichever copy of it did so. */
const registry = Symbol.for("opentelemetry.js.api.1");

/**
 * What makes spans and metrics of invocations, where the program has registered a provider of OpenTelemetry; elsewhere
 * `undefined`, and nothing is loaded.
 *
 * @param routePrefix what stands before the routes of HTTP functions
 */
export function telemetryObserver(routePrefix?: string): InvocationObserver | undefined {
  const registered = (globalThis as unknown as Record<symbol, Registered | undefined>)[registry];
  if (registered?.trace === undefined && registered?.metrics === undefined) return undefined;
  const { openTelemetryObserver } = require("./open-telemetry.js") as typeof import("./open-telemetry.js");
  return openTelemetryObserver(routePrefix);
}

interface Registered {
  readonly trace?: unknown;
  readonly metrics?: unknown;
}
