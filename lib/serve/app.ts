import type { IncomingMessage, ServerResponse } from "node:http";
import type { DaprClient } from "../client/dapr-client.js";
import type { Container } from "../metadata/functions.js";
import type { FlushMode, FunctionDefinition } from "../model/function-definition.js";
import type { LogPort } from "../model/invocation.js";
import type { RecordOptions } from "../record/recorder.js";
import type { Around } from "../invocation/around.js";
import type { InvocationObserver } from "../invocation/observer.js";
import type { ValidationOptions } from "../payload/payload-type.js";

/** How functions are run. What is left out comes from the environment, and else has the default given here. */
export interface HandlerOptions {
  /** URL of the sidecar; `DAPR_HTTP_ENDPOINT`, then 127.0.0.1 with `DAPR_HTTP_PORT`, then port 3500. */
  readonly daprUrl?: string | undefined;
  /** Speaks to the sidecar in place of the library's own client, and is not closed with the app. */
  readonly client?: DaprClient | undefined;
  /** Values of `%name%`, before those of the environment and of local.settings.json. */
  readonly settings?: Readonly<Record<string, string | undefined>> | undefined;
  /** Makes the instances of classes; without one they are made with no arguments. */
  readonly container?: Container | undefined;
  /**
   * Where log lines go: pino, bunyan, winston or anything with `info`, `warn`, `error` and `debug`; the console unless
   * given, as `DAPR_FUNCTIONS_LOG` says: `text`, `json` or `off`.
   */
  readonly log?: LogPort | undefined;
  /** Milliseconds that an invocation may take from its arrival to its answer, which is 504 then; no limit unless given. */
  readonly invocationTimeout?: number | undefined;
  /**
   * How many invocations may wait behind `maxConcurrency`, or behind the `concurrency` of a trigger, before others are
   * answered 503; ten times that limit unless given.
   */
  readonly maxQueue?: number | undefined;
  /** Milliseconds that invocations in flight have to finish once the app is told to stop; 5,000 unless given. */
  readonly shutdownTimeout?: number | undefined;
  /** Milliseconds for one request to the sidecar; `DAPR_API_TIMEOUT_SECONDS`, then 100,000. */
  readonly timeout?: number | undefined;
  /** Bytes of a request's body beyond which it is answered 413; 30,000,000 unless given. */
  readonly maxBodySize?: number | undefined;
  /**
   * Bytes of a request that the sidecar takes; `DAPR_MAX_BODY_SIZE`, written as daprd's `--max-body-size`, then 4 MiB.
   * Outputs go in several requests where one would be larger.
   */
  readonly maxRequestSize?: number | undefined;
  /**
   * How the outputs of one invocation are sent: `"ordered"`, one after the other as declared, or `"parallel"`, side by
   * side, all awaited. State entries are written before either. `@Flush` says it for one function.
   */
  readonly flush?: FlushMode | undefined;
  /** How many invocations run at once, the others wait; no limit unless given. */
  readonly maxConcurrency?: number | undefined;
  /** Refuse to start with functions whose payload is not checked. */
  readonly requirePayload?: boolean | undefined;
  /** What stands before the routes of HTTP functions; `extensions.http.routePrefix` of host.json, then `api`. */
  readonly routePrefix?: string | undefined;
  /** Surrounds each call of a function: sees payload and reply, may answer instead. */
  readonly around?: Around | undefined;
  /** Watch the invocations. */
  readonly observers?: readonly InvocationObserver[] | undefined;
  /**
   * A check of the program's own behind `/healthz` and `/readyz`: `false`, or an error, makes them 503. `false` in its place
   * leaves both paths to the program.
   */
  readonly health?: boolean | (() => unknown) | undefined;
  /**
   * Whether the process ends, with its exit code or 0, when SIGTERM or SIGINT has closed the app. With `serve` it does
   * unless this is `false`; `createHandler` does not listen to signals unless this is `true`.
   */
  readonly exitOnSignal?: boolean | undefined;
  /**
   * Writes each invocation to a file of this folder: payload, inputs, what was added, the reply; never a secret. For
   * `dapr-functions replay` and `replay` of `dapr-functions/testing`.
   */
  readonly record?: string | RecordOptions | undefined;
  /** Closes the app when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** How payload classes are validated. */
  readonly validation?: ValidationOptions | undefined;
}

/** How an app is served. */
export interface ServeOptions extends HandlerOptions {
  /** Where to listen; `DAPR_APP_PORT`, then `APP_PORT`, then 3001. 0 is any port that is free. */
  readonly port?: number | undefined;
  /** The address to listen on; `APP_HOST`, then 127.0.0.1, which no other machine can reach. */
  readonly host?: string | undefined;
}

/** Functions for a server of the program's own. */
export interface RequestHandler {
  /** @param next takes a request whose path is none of the functions'; without it that is answered 404 */
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /** Answers the web's own `Request`. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Its functions, their settings resolved. */
  readonly functions: readonly FunctionDefinition[];
  /**
   * Waits for the invocations in flight, within `shutdownTimeout`; from then on every request is answered 503. Resolves
   * when that is done, however often it is called.
   */
  close(): Promise<void>;
}

/** An app that is being served. */
export interface App {
  /** Where it can be called from this machine. */
  readonly url: string;
  /** The port on which it listens. */
  readonly port: number;
  /** Its functions, their settings resolved. */
  readonly functions: readonly FunctionDefinition[];
  /**
   * Stops listening, lets the invocations in flight finish within `shutdownTimeout`, and closes the connections.
   * Resolves when that is done, however often it is called.
   */
  close(): Promise<void>;
}
