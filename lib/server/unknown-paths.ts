import type { WireReply } from "../invocation/reply.js";
import type { Log } from "../model/invocation.js";
import { nearestOf } from "../model/nearest.js";
import type { Endpoint } from "./endpoint.js";
import { refusal } from "../invocation/refusal.js";
import { patternOf, type PatternSegment } from "./route-pattern.js";
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
    const byPath = nearestRoute(path, known);
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

/** Letters of a path that may be wrong. */
function editsIn(path: string): number {
  return Math.max(2, Math.floor(path.length / 4));
}

/** A `{x}` of a route is as near to what the path has in its place as can be, and no reason to allow more mistakes. */
function nearestRoute(path: string, routes: readonly Route[]): Route | undefined {
  const parts = path.split("/");
  const filled = new Map<Route, string>();
  const candidates = routes.filter((route) => {
    const pattern = patternOf(route.path);
    if (pattern === undefined || "unsupported" in pattern) return true;
    const { whole, text } = filledPath(pattern, parts);
    filled.set(route, whole);
    return nearestOf(path, [route], () => whole, editsIn(text)) !== undefined;
  });
  return nearestOf(path, candidates, (route) => filled.get(route) ?? route.path, editsIn(path));
}

/**
 * A route whose parameters have what stands in their places in a path.
 *
 * @param parts of the path, the first before its first slash
 * @returns the whole, and what of it is the route's own text
 */
function filledPath(pattern: readonly PatternSegment[], parts: readonly string[]): { whole: string; text: string } {
  let whole = "";
  let text = "";
  pattern.forEach((segment, index) => {
    if ("text" in segment) {
      whole += `/${segment.text}`;
      text += `/${segment.text}`;
      return;
    }
    const found = segment.takes === "rest" ? parts.slice(index + 1).join("/") : parts[index + 1];
    if (found !== undefined && found !== "") whole += `/${found}`;
    else if (!segment.optional && segment.takes !== "rest") whole += `/{${segment.name}}`;
  });
  return { whole, text };
}

function isEvent({ header }: UnknownRequest): boolean {
  const type = header("content-type") ?? "";
  return /^application\/cloudevents(-batch)?\+json\b/i.test(type) || header("pubsubname") !== undefined;
}
