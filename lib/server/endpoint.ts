import type { IncomingMessage } from "node:http";
import type { MaybePromise } from "../model/maybe-promise.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { WireReply } from "./write-reply.js";

/** A request whose body has been read. */
export interface Call {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly params: Readonly<Record<string, string>> | undefined;
}

/** What answers one route. */
export interface Endpoint {
  /** The function behind it; none for what Dapr asks the app itself. */
  readonly definition: FunctionDefinition | undefined;
  /** True where anyone may call without the app's token. */
  readonly isPublic: boolean;
  /** Neither throws nor rejects: a failure is a reply too. */
  handle(call: Call): MaybePromise<WireReply>;
}
