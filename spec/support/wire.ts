import { HttpDaprClient } from "../../lib/client/http/http-dapr-client.js";
import { DaprApp, DaprSidecar } from "../../lib/decorators/apps.js";
import { DaprBindingInput, DaprBindingOutput } from "../../lib/decorators/bindings.js";
import { FunctionName } from "../../lib/decorators/function-name.js";
import { DaprInvoke, DaprInvokeInput, DaprServiceInvocationTrigger } from "../../lib/decorators/invocation.js";
import { DaprPublish } from "../../lib/decorators/pubsub.js";
import { DaprSecret } from "../../lib/decorators/secrets.js";
import { DaprStateInput, DaprStateOutput } from "../../lib/decorators/state.js";
import { bindFunctions } from "../../lib/metadata/functions.js";
import type { Class } from "../../lib/model/payload-type.js";
import { bindingDataOf } from "../../lib/invocation/binding-data.js";
import type { Invocation } from "../../lib/invocation/binding-host.js";
import { compileFunction } from "../../lib/invocation/compile-function.js";
import { invoke } from "../../lib/invocation/invoke.js";
import { SidecarHost } from "../../lib/sidecar-host/sidecar-host.js";
import type { RecordedRequest, RecordingSidecar } from "./recording-sidecar.js";

/** A collector of any kind. */
export interface Out {
  add(value?: unknown, overrides?: object): void;
  addRequestBody(body: unknown): void;
  remove(overrides?: object): void;
}

export type Act = (bindings: Record<string, Out>, inputs: Record<string, unknown>) => unknown;
export type Declare = (target: object, key: string, descriptor: PropertyDescriptor) => void;

type Options = Readonly<Record<string, unknown>>;
type Decorator = (options: never) => unknown;

/** An output or input with the options given; it is called `out` or `in` unless they say otherwise. */
function declare(decorator: Decorator, name: string): (options?: Options) => Declare {
  return (options) => (decorator as (options: Options) => Declare)({ name, ...options });
}

export const BO = declare(DaprBindingOutput as Decorator, "out");
export const IO = declare(DaprInvoke as Decorator, "out");
export const PO = declare(DaprPublish as Decorator, "out");
export const SO = declare(DaprStateOutput as Decorator, "out");
export const SI = declare(DaprStateInput as Decorator, "in");
export const II = declare(DaprInvokeInput as Decorator, "in");
export const BI = declare(DaprBindingInput as Decorator, "in");
export const AC = declare(DaprApp as Decorator, "app");
export const SC = declare(DaprSidecar as Decorator, "dapr");
export const SE = declare(DaprSecret as Decorator, "in");

/** A class with one function, declared from top to bottom as in the source. */
export function classWith(
  declared: readonly Declare[],
  act: Act,
  trigger: unknown = DaprServiceInvocationTrigger(),
  name = "Ship",
): Class {
  class Shipping {
    run(_: unknown, bindings: Record<string, Out>): unknown {
      return act(bindings, bindings as Record<string, unknown>);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Shipping.prototype, "run")!;
  const decorators = [FunctionName(name) as unknown as Declare, trigger as Declare, ...declared];
  for (const decorate of decorators.reverse()) decorate(Shipping.prototype, "run", descriptor);
  return Shipping;
}

export interface Outcome {
  readonly error: (Error & { code?: string; cause?: unknown; sent?: unknown }) | undefined;
  readonly returned: unknown;
  readonly requests: readonly string[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

export interface WireOptions {
  readonly payload?: unknown;
  readonly name?: string;
  readonly trigger?: unknown;
  readonly event?: Invocation["event"];
  readonly traceHeaders?: Invocation["traceHeaders"];
  readonly signal?: AbortSignal;
  readonly client?: HttpDaprClient;
  readonly maxRequestSize?: number;
}

/** Runs one invocation against a sidecar and says what came of it. */
export async function invokeWith(
  sidecar: RecordingSidecar,
  declared: readonly Declare[],
  act: Act,
  options: WireOptions = {},
): Promise<Outcome> {
  const client = options.client ?? new HttpDaprClient({ url: sidecar.url });
  const before = sidecar.requests.length;
  const warnings: string[] = [];
  const errors: string[] = [];
  let error: Outcome["error"];
  let returned: unknown;
  const remembered: Act = (...given) => {
    const value: unknown = act(...given);
    void Promise.resolve(value).then(
      (settled) => (returned = settled),
      () => undefined,
    );
    return value;
  };
  try {
    const bound = await bindFunctions([classWith(declared, remembered, options.trigger, options.name)]);
    const fn = compileFunction(bound[0]!, new SidecarHost(client, undefined, options.maxRequestSize));
    const { definition } = fn;
    const invocation = {
      id: "i-1",
      definition,
      context: {
        warn: (text: string) => warnings.push(text),
        error: (text: string) => errors.push(text),
      },
      bindingData: bindingDataOf(definition)?.ofPayload(options.payload) ?? {},
      traceHeaders: options.traceHeaders,
      event: options.event,
      signal: options.signal,
      attempt: 1,
    } as unknown as Invocation;
    await invoke(fn, options.payload, invocation, (reply) => reply);
  } catch (thrown) {
    error = thrown as Error;
  } finally {
    if (options.client === undefined) await client.close();
  }
  return { error, returned, requests: sidecar.requests.slice(before).map(line), warnings, errors };
}

/**
 * Says `POST /v1.0/state/cart [{"key":"u1","value":1}]`; a content type other than `application/json` stands in front
 * of the body, which is in hexadecimal when it is not text. Throws where length and type do not belong to the body.
 */
export function line({ method, path, headers, bytes }: RecordedRequest): string {
  const { "content-type": type, "content-length": length } = headers;
  const expected = bytes.length > 0 || ["POST", "PUT", "PATCH"].includes(method) ? String(bytes.length) : undefined;
  if (length !== expected) throw new Error(`${method} ${path}: content-length is ${length}, not ${expected}`);
  const text = bytes.toString();
  const body = Buffer.from(text).equals(bytes) && !text.includes("\0") ? text : `<${bytes.toString("hex")}>`;
  const parts = [method, path];
  if (bytes.length === 0 ? type !== undefined : type !== "application/json") parts.push(`[${type}]`);
  if (bytes.length > 0) parts.push(body);
  return parts.join(" ");
}
