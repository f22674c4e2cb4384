import type { ChangedEntry } from "../invocation/binding-host.js";
import type { InvocationEnd, InvocationWatch, ObservedInvocation } from "../invocation/observer.js";
import type { ClientBinding, DaprStateEntryBinding, InputBinding, OutputBinding } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { HttpRequest, InvocationContext, InvocationRequest } from "../model/invocation.js";
import { memberOf, messageOf } from "../model/thrown.js";
import {
  recordedSize,
  toRecorded,
  toRecordedSecret,
  type RecordedCall,
  type RecordedEntry,
  type RecordedItem,
  type RecordedRequest,
  type Recording,
} from "./recording.js";
import {
  hideCode,
  plainHeaders,
  Secrets,
  standInsFor,
  toRecordedAnswer,
  toRecordedError,
  toRecordedReply,
} from "./secrets.js";

/** Codes of failures that tell how long an invocation took, or who waited, and nothing of the function. */
const outsideCodes = ["ERR_QUEUE_FULL", "ERR_INVOCATION_TIMEOUT", "ERR_APP_STOPPED", "ERR_CALLER_GONE"];

/** What a {@link RecordingWatch} is given. */
export interface RecordingOptions {
  /** Says what cannot be recorded. */
  readonly warn: (text: string) => void;
  /** Takes the recording when the invocation is over. */
  readonly onRecording: (recording: Promise<Recording>) => void;
  /** Characters of a recording, about; what is beyond them cannot be recorded. Any number unless given. */
  readonly maxSize?: number | undefined;
  /** Says the module of the function. */
  readonly moduleOf?: ((definition: FunctionDefinition) => string | undefined) | undefined;
}

/**
 * Makes a recording of one invocation. Of a secret there are the names of its members, wherever else its text stands
 * there is `***`; of headers that look like credentials there are the names.
 */
export class RecordingWatch implements InvocationWatch {
  readonly #time = new Date();
  readonly #secrets = new Secrets();
  /** Told once the inputs' values are known to be as they came. */
  readonly #found = new Set<string>();
  #payload: unknown;
  #context: Pick<Recording, "request" | "triggerMetadata" | "traceContext"> = {};
  #inputs: Record<string, unknown> = {};
  #calls: Record<string, RecordedCall[]> = {};
  #outputs: Record<string, RecordedItem[]> = {};
  #entries: Record<string, RecordedEntry> | undefined;
  #reply: { readonly value: unknown } | undefined;
  #isOutside = false;
  /** Characters that are left, and that were when the method had not run yet. */
  #left: number;
  #leftAtFirst: number;

  constructor(
    private readonly invocation: ObservedInvocation,
    private readonly options: RecordingOptions,
  ) {
    this.#left = this.#leftAtFirst = options.maxSize ?? Infinity;
  }

  received(payload: unknown): void {
    const { definition, context } = this.invocation;
    const isHttp = definition.trigger.type === "httpTrigger";
    this.#keep(() => {
      if (!isHttp) this.#count(payload);
      this.#payload = isHttp ? payloadOf(payload as HttpRequest) : toRecorded(payload);
      // Told when the recording is made; until then nobody waits for it.
      if (isHttp) (this.#payload as Promise<unknown>).catch(() => undefined);
    });
    this.#keep(() => (this.#context = contextOf(context, isHttp)));
    this.#leftAtFirst = this.#left;
  }

  async read(input: InputBinding | DaprStateEntryBinding, next: () => Promise<unknown>): Promise<unknown> {
    try {
      const value = await next();
      if (!this.#found.has(input.name)) this.found(input, value);
      return value;
    } catch (thrown) {
      // What is not there is not there in a replay either.
      if (typeof memberOf(thrown, "status") === "number" && memberOf(thrown, "code") !== "ERR_NO_CONTENT")
        this.#isOutside = true;
      throw thrown;
    }
  }

  found(input: InputBinding | DaprStateEntryBinding, value: unknown): void {
    this.#found.add(input.name);
    this.#keep(() => {
      if (input.type === "daprSecret") this.#secrets.add(value);
      else this.#count(value);
      this.#inputs[input.name] = recordedInput(input, value);
    });
  }

  async call<T>(client: ClientBinding, next: () => Promise<T>, method: string): Promise<T> {
    // In the order of the calls, whichever is answered first.
    const calls = (this.#calls[client.name] ??= []);
    const call: { -readonly [K in keyof RecordedCall]: RecordedCall[K] } = { method };
    calls.push(call);
    try {
      const answer = await next();
      this.#keep(() => {
        const isSecret = client.type === "daprSidecar" && method === "getSecret";
        if (isSecret) this.#secrets.add(answer);
        else this.#count(answer);
        call.answer = isSecret
          ? toRecordedSecret(answer)
          : client.type === "daprApp"
            ? toRecordedAnswer(answer)
            : toRecorded(answer);
      });
      return answer;
    } catch (thrown) {
      this.#keep(() => {
        const error = toRecordedError(thrown);
        const { status, code } = error;
        // Refused before it was sent, which the client of a replay does as well.
        const isRefused = client.type === "daprApp" && status === undefined && code === "ERR_DAPR_BAD_REQUEST";
        if (isRefused) calls.splice(calls.indexOf(call), 1);
        else call.error = error;
      });
      throw thrown;
    }
  }

  added(output: OutputBinding, item: OutputItem): void {
    this.#keep(() => {
      const { verb, value, overrides, fromRequestBody } = item;
      this.#count(value);
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
    this.#keep(() => {
      this.#count(returned);
      this.#reply = { value: toRecordedReply(returned, this.invocation.definition.trigger.type) };
    });
  }

  /** What was collected is thrown away, the inputs are read anew, and the method makes its calls again. */
  conflicted(_attempt: number, isOver: boolean): void {
    this.#inputs = {};
    this.#found.clear();
    this.#calls = {};
    this.#outputs = {};
    this.#entries = undefined;
    this.#reply = undefined;
    this.#left = this.#leftAtFirst;
    this.#isOutside = isOver;
  }

  async flush(
    output: OutputBinding | DaprStateEntryBinding,
    messages: readonly unknown[],
    next: () => Promise<void>,
  ): Promise<void> {
    if (output.type === "daprStateEntry")
      this.#keep(() => (this.#entries = this.#entriesOf(messages as readonly ChangedEntry[])));
    try {
      await next();
    } catch (thrown) {
      this.#isOutside = true;
      throw thrown;
    }
  }

  ended({ failure }: InvocationEnd): void {
    this.options.onRecording(this.#recording(failure));
  }

  async #recording(failure: InvocationEnd["failure"]): Promise<Recording> {
    const { definition, id } = this.invocation;
    const module = this.options.moduleOf?.(definition);
    const secrets = this.#secrets;
    const payload = await this.#payload;
    const isHttp = definition.trigger.type === "httpTrigger" && payload !== undefined;
    const { request, triggerMetadata, traceContext } = this.#context;
    const isOutside =
      failure !== undefined &&
      (this.#isOutside || this.#payload === undefined || outsideCodes.includes(failure.errorCode));
    return {
      version: 1,
      functionName: definition.name,
      className: definition.className,
      methodName: definition.methodName,
      ...(module !== undefined && { module }),
      trigger: definition.trigger.type,
      invocationId: id,
      time: this.#time.toISOString(),
      payload: isHttp ? secrets.hideMembers(payload as object) : secrets.hide(payload),
      ...(request !== undefined && { request: secrets.hideMembers(request) }),
      ...(triggerMetadata !== undefined && { triggerMetadata: secrets.hideMembers(triggerMetadata) }),
      ...(traceContext !== undefined && { traceContext }),
      inputs: secrets.hideMembers(this.#inputs),
      calls: hideLists(secrets, this.#calls),
      outputs: hideLists(secrets, this.#outputs),
      ...(this.#entries !== undefined && { entries: secrets.hideMembers(this.#entries) }),
      ...((failure === undefined || isOutside) && { reply: secrets.hide(this.#reply?.value) }),
      ...(failure !== undefined && {
        failure: {
          errorCode: failure.errorCode,
          message: failure.message === undefined ? undefined : secrets.hideIn(failure.message),
          ...(isOutside && { isOutside }),
        },
      }),
    };
  }

  #entriesOf(changes: readonly ChangedEntry[]): Record<string, RecordedEntry> {
    const { entries } = this.invocation.definition;
    return Object.fromEntries(
      changes.map(({ index, change }): [string, RecordedEntry] => {
        const { name } = entries[index]!;
        if (change.operation === "remove") return [name, { verb: "remove" }];
        const { value, metadata } = change;
        this.#count(value);
        return [name, { verb: "set", value: toRecorded(value), ...(metadata !== undefined && { metadata }) }];
      }),
    );
  }

  /** @throws Error where the recording is too large */
  #count(value: unknown): void {
    if (this.#left === Infinity) return;
    if (this.#left >= 0) this.#left -= recordedSize(value, this.#left);
    if (this.#left < 0) throw new Error("it is too large");
  }

  /** What cannot be recorded fails no invocation. */
  #keep(keep: () => unknown): void {
    try {
      keep();
    } catch (error) {
      this.options.warn(
        `record: a value of ${this.invocation.definition.name} cannot be recorded (${messageOf(error)})`,
      );
    }
  }
}

function hideLists<T extends object>(
  secrets: Secrets,
  lists: Readonly<Record<string, readonly T[]>>,
): Readonly<Record<string, readonly T[]>> {
  return Object.fromEntries(
    Object.entries(lists).map(([name, items]) => [name, items.map((item) => secrets.hideMembers(item))]),
  );
}

function recordedInput(input: InputBinding | DaprStateEntryBinding, value: unknown): unknown {
  if (input.type === "daprSecret") return toRecordedSecret(value);
  return input.type === "daprInvoke" && "record" in input && input.record === true
    ? toRecordedAnswer(value)
    : toRecorded(value);
}

function contextOf(
  { request, triggerMetadata, traceContext }: InvocationContext,
  isHttp: boolean,
): Pick<Recording, "request" | "triggerMetadata" | "traceContext"> {
  return {
    request: isHttp || request === undefined ? undefined : requestOf(request),
    // Else they are headers of the request.
    triggerMetadata:
      request === undefined ? (toRecorded(plainHeaders(triggerMetadata)) as Record<string, unknown>) : undefined,
    traceContext: traceContext === undefined ? undefined : (toRecorded(traceContext) as typeof traceContext),
  };
}

function requestOf({ method, path, query, params, headers }: InvocationRequest): RecordedRequest {
  return {
    method,
    path,
    query: [...query],
    params: { ...params },
    headers: plainHeaders(headers) as Record<string, string>,
    ...standIns(headers),
  };
}

async function payloadOf(request: HttpRequest): Promise<unknown> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let body: unknown;
  try {
    body = text.decode(bytes);
  } catch {
    body = toRecorded(bytes);
  }
  return {
    method: request.method,
    url: hideCode(request.url),
    headers: plainHeaders(request.headers),
    ...standIns(request.headers),
    params: { ...request.params },
    ...(bytes.length > 0 && { body }),
  };
}

function standIns(headers: Headers): { readonly standIns?: Readonly<Record<string, string>> } {
  const made = standInsFor(headers);
  return Object.keys(made).length === 0 ? {} : { standIns: made };
}
