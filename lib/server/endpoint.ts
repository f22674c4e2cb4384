import type { MaybePromise } from "../model/maybe-promise.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { HttpRequest } from "../model/invocation.js";
import type { IncomingRequest } from "../invocation/observer.js";
import type { WireReply } from "../invocation/reply.js";

/** A request to an endpoint, whatever server received it; its parts are made when they are first asked for. */
export interface EndpointCall extends Pick<HttpRequest, "method" | "url" | "headers" | "query" | "params"> {
  /** As it was requested, without the query. */
  readonly path: string;
  readonly body: Buffer;
  /** False where its route took nothing and it has no query, without making either. */
  readonly hasData: boolean;
  readonly incoming: IncomingRequest;
  /** Calls back when the caller goes away; left out where the server cannot tell. Returns what ends that. */
  onGone?(listener: () => void): () => void;
  /**
   * One header, the first of that name, without making an object of all of them.
   *
   * @param name in lower case
   */
  header(name: string): string | undefined;
}

/** What answers one route. */
export interface Endpoint {
  /** The function behind it; none for what Dapr asks the app itself. */
  readonly definition: FunctionDefinition | undefined;
  /** True where anyone may call without the app's token. */
  readonly isPublic: boolean;
  /** Neither throws nor rejects: a failure is a reply too. */
  handle(call: EndpointCall): MaybePromise<WireReply>;
}
