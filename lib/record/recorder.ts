import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { types } from "node:util";
import type { ClientBinding, OutputBinding, InputBinding, DaprStateEntryBinding } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { HttpRequest } from "../model/invocation.js";
import type { InvocationEnd, InvocationObserver, InvocationWatch, ObservedInvocation } from "../invocation/observer.js";
import { toRecorded, type RecordedItem, type Recording } from "./recording.js";

/** What `record` takes: where recordings go, and what of them. */
export interface RecordOptions {
  /** Where the files go; made if it is not there. */
  readonly folder: string;
  /** Changes a recording before it is written, or leaves it out by returning `undefined`. */
  readonly redact?: ((recording: Recording) => Recording | undefined) | undefined;
  /** Bytes of a file at most; a larger recording is left out. 1,000,000 unless given. */
  readonly maxSize?: number | undefined;
  /** Says the module of a function, by which `replay` finds its class. */
  readonly moduleOf?: ((definition: FunctionDefinition) => string | undefined) | undefined;
}

interface Wiring {
  readonly warn: (text: string) => void;
}

/** Headers that prove who someone is. */
const secretHeaders = /^(authorization|proxy-authorization|cookie|set-cookie|dapr-api-token|x-functions-key)$/i;

/**
 * Writes one JSON file per invocation. Secrets never: of a secret there is its name, of a header that proves who the
 * caller is there is nothing. A file that cannot be written is said once and fails no invocation.
 */
export function recordingObserver(options: RecordOptions, wiring: Wiring): InvocationObserver {
  const said = new Set<string>();
  const warn = (text: string): void => {
    if (!said.has(text)) wiring.warn(text);
    said.add(text);
  };
  return { start: (invocation) => new Recorder(invocation, { ...options, ...wiring, warn }) };
}

class Recorder implements InvocationWatch {
  readonly #invocation: ObservedInvocation;
  readonly #options: RecordOptions & Wiring;
  readonly #time = new Date();
  readonly #calls: Record<string, unknown[]> = {};
  #payload: unknown;
  #request: Promise<unknown> | undefined;
  #inputs: Record<string, unknown> = {};
  #outputs: Record<string, RecordedItem[]> = {};
  #changes: unknown;
  #reply: { readonly value: unknown } | undefined;

  constructor(invocation: ObservedInvocation, options: RecordOptions & Wiring) {
    this.#invocation = invocation;
    this.#options = options;
  }

  async read(input: InputBinding | DaprStateEntryBinding, next: () => Promise<unknown>): Promise<unknown> {
    const value = await next();
    this.#keep(() => (this.#inputs[input.name] = input.type === "daprSecret" ? null : toRecorded(value)));
    return value;
  }

  async call<T>(client: ClientBinding, next: () => Promise<T>): Promise<T> {
    const answer = await next();
    this.#keep(() => (this.#calls[client.name] ??= []).push(toRecorded(answer)));
    return answer;
  }

  calling(payload: unknown): void {
    this.#keep(() => {
      if (this.#invocation.definition.trigger.type === "httpTrigger")
        this.#request ??= requestOf(payload as HttpRequest);
      else this.#payload = toRecorded(payload);
    });
  }

  added(output: OutputBinding, item: OutputItem): void {
    this.#keep(() => {
      const { verb, value, overrides, fromRequestBody } = item;
      const recorded = {
        verb,
        ...(verb === "add" && { value: toRecorded(value) }),
        ...(Object.keys(overrides).length > 0 && {
          overrides: toRecorded(overrides) as Readonly<Record<string, unknown>>,
        }),
        ...(fromRequestBody && { fromRequestBody }),
      };
      (this.#outputs[output.name] ??= []).push(recorded);
    });
  }

  called(returned: unknown): void {
    this.#keep(() => (this.#reply = { value: toRecorded(returned) }));
  }

  /** What was collected is thrown away, and the inputs are read anew. */
  conflicted(): void {
    this.#inputs = {};
    this.#outputs = {};
    this.#reply = undefined;
  }

  async flush(
    output: OutputBinding | DaprStateEntryBinding,
    messages: readonly unknown[],
    next: () => Promise<void>,
  ): Promise<void> {
    if (output.type === "daprStateEntry") this.#keep(() => (this.#changes = toRecorded(messages)));
    await next();
  }

  ended({ failure }: InvocationEnd): void {
    void this.#write(failure);
  }

  async #write(failure: InvocationEnd["failure"]): Promise<void> {
    try {
      const { definition, id } = this.#invocation;
      const { folder, redact, maxSize = 1_000_000, moduleOf, warn } = this.#options;
      const module = moduleOf?.(definition);
      const recording: Recording = {
        version: 1,
        functionName: definition.name,
        className: definition.className,
        methodName: definition.methodName,
        ...(module !== undefined && { module }),
        trigger: definition.trigger.type,
        invocationId: id,
        time: this.#time.toISOString(),
        payload: this.#request === undefined ? this.#payload : await this.#request,
        inputs: this.#inputs,
        calls: this.#calls,
        outputs: this.#outputs,
        ...(this.#changes !== undefined && { changes: this.#changes }),
        ...(failure === undefined
          ? { reply: this.#reply?.value }
          : { failure: { errorCode: failure.errorCode, message: failure.message } }),
      };
      const kept = redact === undefined ? recording : redact(recording);
      if (kept === undefined) return;
      const text = `${JSON.stringify(kept, null, 2)}\n`;
      if (Buffer.byteLength(text) > maxSize)
        return warn(
          `record: an invocation of ${definition.name} is left out: it is larger than ${maxSize} bytes; raise maxSize`,
        );
      mkdirSync(folder, { recursive: true });
      const stamp = this.#time.toISOString().replace(/[:.]/g, "-");
      writeFileSync(join(folder, `${stamp}-${definition.name}-${id}.json`), text);
    } catch (error) {
      this.#options.warn(
        `record: an invocation cannot be written (${messageOf(error)}); make ${this.#options.folder} writable, or correct redact`,
      );
    }
  }

  /** What cannot be recorded fails no invocation. */
  #keep(keep: () => unknown): void {
    try {
      keep();
    } catch (error) {
      this.#options.warn(
        `record: a value of ${this.#invocation.definition.name} cannot be recorded (${messageOf(error)})`,
      );
    }
  }
}

function messageOf(error: unknown): string {
  return types.isNativeError(error) ? error.message : "it threw";
}

async function requestOf(request: HttpRequest): Promise<unknown> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const text = new TextDecoder("utf-8", { fatal: true });
  let body: unknown;
  try {
    body = text.decode(bytes);
  } catch {
    body = toRecorded(bytes);
  }
  return {
    method: request.method,
    url: request.url,
    headers: Object.fromEntries([...request.headers].filter(([name]) => !secretHeaders.test(name))),
    params: { ...request.params },
    ...(bytes.length > 0 && { body }),
  };
}
