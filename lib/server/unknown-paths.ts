import type { WireReply } from "../invocation/reply.js";
import type { Log } from "../model/invocation.js";
import { nearestOf } from "../model/nearest.js";
import type { Endpoint } from "./endpoint.js";
import { refusal } from "./refusal.js";
import type { RouteTable } from "./route-table.js";
import type { Route } from "./routes.js";

/** What is known of a request that no function answers. */
export interface UnknownRequest {
  readonly method: string;
  readonly path: string;
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined;
}

/** How many paths are remembered, so that each gets one line. */
const mostSaid = 100;

/**
 * Answers requests that no function answers, so that whoever sent them learns what was probably meant: 404 that names the
 * nearest function, 405 for another verb, and 503 for an event, which Dapr drops for ever after a 404.
 */
export class UnknownPaths {
  readonly #said = new Set<string>();

  constructor(
    private readonly table: RouteTable<Endpoint>,
    private readonly routes: readonly Route[],
    private readonly log: Log,
  ) {}

  /** @param publicOnly whether the caller may learn of HTTP functions only */
  replyTo(request: UnknownRequest, publicOnly: boolean): WireReply {
    const { method, path } = request;
    const shown = `${method} ${path.slice(0, 200)}`;
    const message = `no function at ${shown}${this.#hint(path, publicOnly)}`;
    if (method === "POST" && isEvent(request)) {
      this.#sayOnce(path, "warn", `${message}; the event is answered 503, so that Dapr keeps it`);
      return refusal(503, "ERR_FUNCTION_NOT_FOUND", message);
    }
    // A sidecar asks so whether the app takes the events of a binding, and 405 would mean that it does.
    if (method === "OPTIONS") {
      if (request.header("origin") === undefined)
        this.#sayOnce(path, "info", `${message}; Dapr asks for a binding there`);
      return refusal(404, "ERR_FUNCTION_NOT_FOUND", message);
    }
    const methods = this.table.methodsAt(path).filter((each) => each !== "OPTIONS");
    if (methods.length > 0) {
      const allow = methods.join(", ");
      const text = `${shown} is not answered, ${allow} is; send that`;
      return refusal(405, "ERR_METHOD_NOT_ALLOWED", text, undefined, [["allow", allow]]);
    }
    // What Dapr asks of every app says nothing about this one.
    if (!path.startsWith("/dapr/")) this.log.debug(message);
    return refusal(404, "ERR_FUNCTION_NOT_FOUND", message);
  }

  #hint(path: string, publicOnly: boolean): string {
    // Longer ones, and tables of thousands, are not worth the time that a comparison takes.
    if (path.length > 200 || this.routes.length > 1000) return "";
    const known = this.routes.filter(({ definition }) => !publicOnly || definition.trigger.type === "httpTrigger");
    const edits = Math.max(2, Math.floor(path.length / 5));
    const byPath = nearestOf(path, known, (route) => route.path, edits);
    const nearest =
      byPath ?? nearestOf(path.slice(path.lastIndexOf("/") + 1), known, ({ definition }) => definition.name, 2);
    if (nearest === undefined) return "";
    const { definition, methods } = nearest;
    const verb = methods.length === 1 ? `${methods[0]} ` : "";
    return `; did you mean ${definition.name}, at ${verb}${nearest.path}`;
  }

  #sayOnce(path: string, level: "warn" | "info", line: string): void {
    if (this.#said.has(path) || this.#said.size >= mostSaid) {
      this.log.debug(line);
      return;
    }
    this.#said.add(path);
    this.log[level](line);
  }
}

function isEvent({ header }: UnknownRequest): boolean {
  const type = header("content-type") ?? "";
  return /^application\/cloudevents(-batch)?\+json\b/i.test(type) || header("pubsubname") !== undefined;
}
