import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientBinding, OutputBinding, InputBinding, DaprStateEntryBinding } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { HttpRequest, InvocationRequest } from "../model/invocation.js";
import { messageOf } from "../model/thrown.js";
import type { InvocationEnd, InvocationObserver, InvocationWatch, ObservedInvocation } from "../invocation/observer.js";
import { toRecorded, toRecordedSecret, type RecordedItem, type RecordedRequest, type Recording } from "./recording.js";
import { plainHeaders, Secrets, toRecordedAnswer, toRecordedReply, withoutCode } from "./secrets.js";

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

/**
 * Writes one JSON file per invocation. Secrets never: of a secret there are the names of its members, wherever else its
 * text stands there is `***`, of headers that look like credentials there is nothing. A file that cannot be written is said once and fails no invocation.
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
  readonly #secrets = new Secrets();
  #payload: unknown;
  #request: RecordedRequest | undefined;
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
    this.#keep(() => {
      if (input.type === "daprSecret") this.#secrets.add(value);
      this.#inputs[input.name] = recordedInput(input, value);
    });
    return value;
  }

  async call<T>(client: ClientBinding, next: () => Promise<T>, method: string): Promise<T> {
    const answer = await next();
    this.#keep(() => {
      const isSecret = client.type === "daprSidecar" && method === "getSecret";
      if (isSecret) this.#secrets.add(answer);
      const recorded = isSecret
        ? toRecordedSecret(answer)
        : client.type === "daprApp"
          ? toRecordedAnswer(answer)
          : toRecorded(answer);
      (this.#calls[client.name] ??= []).push(recorded);
    });
    return answer;
  }

  received(payload: unknown): void {
    this.#keep(() => {
      const { definition, context } = this.#invocation;
      const isHttp = definition.trigger.type === "httpTrigger";
      if (isHttp) {
        const reading = payloadOf(payload as HttpRequest);
        // Told when it is written; until then nobody waits for it.
        reading.catch(() => undefined);
        this.#payload = reading;
      } else this.#payload = toRecorded(payload);
      if (!isHttp && context.request !== undefined) this.#request = requestOf(context.request);
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
    this.#keep(() => (this.#reply = { value: toRecordedReply(returned, this.#invocation.definition.trigger.type) }));
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
      const secrets = this.#secrets;
      const payload = await this.#payload;
      const isHttp = definition.trigger.type === "httpTrigger" && payload !== undefined;
      const recording: Recording = {
        version: 1,
        functionName: definition.name,
        className: definition.className,
        methodName: definition.methodName,
        ...(module !== undefined && { module }),
        trigger: definition.trigger.type,
        invocationId: id,
        time: this.#time.toISOString(),
        payload: isHttp ? secrets.hideMembers(payload as object) : secrets.hide(payload),
        ...(this.#request !== undefined && { request: secrets.hideMembers(this.#request) }),
        inputs: secrets.hideMembers(this.#inputs),
        calls: secrets.hideMembers(this.#calls),
        outputs: Object.fromEntries(
          Object.entries(this.#outputs).map(([name, items]) => [name, items.map((item) => secrets.hideMembers(item))]),
        ),
        ...(this.#changes !== undefined && { changes: secrets.hide(this.#changes) }),
        ...(failure === undefined
          ? { reply: secrets.hide(this.#reply?.value) }
          : {
              failure: {
                errorCode: failure.errorCode,
                message: failure.message === undefined ? undefined : secrets.hideIn(failure.message),
              },
            }),
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

function recordedInput(input: InputBinding | DaprStateEntryBinding, value: unknown): unknown {
  if (input.type === "daprSecret") return toRecordedSecret(value);
  return input.type === "daprInvoke" && "record" in input && input.record === true
    ? toRecordedAnswer(value)
    : toRecorded(value);
}

function requestOf({ method, path, query, params, headers }: InvocationRequest): RecordedRequest {
  return {
    method,
    path,
    query: [...query],
    params: { ...params },
    headers: plainHeaders(headers) as Record<string, string>,
  };
}

async function payloadOf(request: HttpRequest): Promise<unknown> {
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
    url: withoutCode(request.url),
    headers: plainHeaders(request.headers),
    params: { ...request.params },
    ...(bytes.length > 0 && { body }),
  };
}
