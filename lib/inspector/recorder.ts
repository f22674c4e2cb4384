import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { ChangedEntry } from "../invocation/binding-host.js";
import type {
  ClientBinding,
  DaprBindingTrigger,
  DaprStateEntryBinding,
  DaprTopicTrigger,
  InputBinding,
  OutputBinding,
} from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { takesArguments, type LogPort } from "../model/invocation.js";
import { messageOf } from "../model/thrown.js";
import type { InvocationEnd, InvocationObserver, InvocationWatch, ObservedInvocation } from "../invocation/observer.js";
import { Deliveries } from "./deliveries.js";
import type { InvocationRecord, ItemRecord, Preview, RequestRecord, StepRecord, TriggerText } from "./page/wire.js";
import { beginningOf, previewOf } from "./records.js";
import { requestRecordOf } from "./requests.js";

/** Log lines of one invocation that are kept. */
const maxLines = 100;
/** Items of one invocation that are kept, and requests. */
const maxSteps = 1_000;
/** Characters of a line that are kept. */
const maxLine = 2_000;
/** Characters that are kept of what an error says. */
const maxMessage = 4_000;

/** Makes a record of each invocation of an app, and gives it out when the invocation begins and when it ends. */
export class Recorder implements InvocationObserver {
  /** A list: the tables that a map drops as entries come and go keep what is in them from the collector. */
  readonly #underWay: Recording[] = [];
  /** Its failure is logged when it has ended. */
  #lastEnded: Recording | undefined;
  readonly #deliveries = new Deliveries();

  constructor(
    private readonly appId: string,
    private readonly onRecord: (record: InvocationRecord) => void,
  ) {}

  start(invocation: ObservedInvocation): InvocationWatch {
    const recording: Recording = new Recording(this.appId, invocation, this.#attemptOf(invocation), (record) => {
      if (record.ms !== undefined) this.#end(recording);
      this.onRecord(record);
    });
    recording.index = this.#underWay.push(recording) - 1;
    return recording;
  }

  #end(recording: Recording): void {
    const last = this.#underWay.pop()!;
    if (last !== recording) {
      this.#underWay[recording.index] = last;
      last.index = recording.index;
    }
    this.#lastEnded = recording;
  }

  /**
   * A log that keeps the lines of invocations with them, and passes lines on.
   *
   * @param isPrinted whether a line is printed for each record; a failure that is all in there is then not said again
   */
  logOver(
    log: Required<Pick<LogPort, "info" | "warn" | "error" | "debug">>,
    isPrinted: boolean,
  ): LogPort & { readonly [takesArguments]: true } {
    const write =
      (level: "info" | "warn" | "error" | "debug", recording?: Recording) =>
      (...args: unknown[]): unknown => {
        const text = textOf(args);
        recording?.addLine(`${level}: ${text}`);
        return isPrinted && recording?.saysFailure(text) === true ? undefined : log[level](...args);
      };
    const levels = (recording?: Recording) => ({
      info: write("info", recording),
      warn: write("warn", recording),
      error: write("error", recording),
      debug: write("debug", recording),
    });
    return {
      ...levels(),
      [takesArguments]: true,
      child: (fields: unknown) => {
        const { invocationId } = (fields ?? {}) as { invocationId?: unknown };
        return levels(typeof invocationId === "string" ? this.#recordingOf(invocationId) : undefined);
      },
    };
  }

  #recordingOf(invocationId: string): Recording | undefined {
    if (this.#lastEnded?.id === invocationId) return this.#lastEnded;
    return this.#underWay.find(({ id }) => id === invocationId);
  }

  #attemptOf({ definition, event }: ObservedInvocation): number {
    return event === undefined ? 1 : this.#deliveries.attemptOf(definition.name, event);
  }
}

function textOf(args: readonly unknown[]): string {
  return args
    .map((arg) => (typeof arg === "string" ? arg : arg === undefined ? "undefined" : previewOf(arg).text))
    .join(" ");
}

class Recording implements InvocationWatch {
  readonly #begun = Date.now();
  readonly #from = performance.now();
  #reads: StepRecord[] = [];
  #items: ItemRecord[] = [];
  readonly #requests: StepRecord[] = [];
  readonly #log: string[] = [];
  #payload: Preview | undefined;
  #reply: Preview | undefined;
  /** How its line in the log ends. */
  #failure: string | undefined;

  /** Its place among those under way. */
  index = 0;
  readonly #head: Pick<InvocationRecord, "id" | "appId" | "functionName" | "trigger" | "request">;
  readonly #isHttp: boolean;
  readonly #entries: readonly DaprStateEntryBinding[];
  #attempt: number;

  constructor(
    appId: string,
    invocation: ObservedInvocation,
    attempt: number,
    private readonly give: (record: InvocationRecord) => void,
  ) {
    const { id, definition, incoming } = invocation;
    this.#isHttp = definition.trigger.type === "httpTrigger";
    const request =
      incoming === undefined ? undefined : requestRecordOf(incoming, { isHttp: this.#isHttp, isInflated: true });
    const trigger = triggerText(definition, request);
    this.#head = { id, appId, functionName: definition.name, trigger, request };
    this.#entries = definition.entries;
    this.#attempt = attempt;
    give(this.#record());
  }

  get id(): string {
    return this.#head.id;
  }

  addLine(line: string): void {
    if (this.#log.length < maxLines) this.#log.push(line.length > maxLine ? beginningOf(line, maxLine) : line);
  }

  async read(input: InputBinding | DaprStateEntryBinding, next: () => Promise<unknown>): Promise<unknown> {
    const step = { name: input.name, what: targetOf(input) };
    const from = performance.now();
    try {
      const value = await next();
      // A secret is never shown.
      const shown = input.type === "daprSecret" ? { text: "<secret>", isCut: true } : previewOf(value);
      this.#reads.push({ ...step, ms: elapsed(from), value: shown });
      return value;
    } catch (error) {
      this.#reads.push({ ...step, ms: elapsed(from), error: beginningOf(messageOf(error), maxMessage) });
      throw error;
    }
  }

  added({ name }: OutputBinding, { verb, value }: OutputItem): void {
    this.#addItem(name, verb, value);
  }

  #addItem(name: string, verb: ItemRecord["verb"], value: unknown): void {
    if (this.#items.length < maxSteps) this.#items.push({ name, verb, value: previewOf(value) });
  }

  async call<T>(client: ClientBinding, next: () => Promise<T>, method: string, target: object): Promise<T> {
    const step = { name: client.name, what: calledBy(client, method, target), count: 1 };
    const from = performance.now();
    try {
      const answer = await next();
      this.#addRequest({ ...step, ms: elapsed(from) });
      return answer;
    } catch (error) {
      this.#addRequest({ ...step, ms: elapsed(from), error: beginningOf(messageOf(error), maxMessage) });
      throw error;
    }
  }

  #addRequest(request: StepRecord): void {
    if (this.#requests.length < maxSteps) this.#requests.push(request);
  }

  /** What was collected is thrown away, and the inputs are read anew. What was sent, the write that was refused as well, was sent. */
  conflicted(_attempt: number, isOver: boolean): void {
    if (isOver) return;
    this.#attempt++;
    this.#reads = [];
    this.#items = [];
    this.#reply = undefined;
  }

  received(payload: unknown): void {
    // An HTTP function gets the request itself, whose body may not have been read.
    if (!this.#isHttp) this.#payload = previewOf(payload);
  }

  called(returned: unknown): void {
    this.#reply = previewOf(returned);
  }

  async flush(
    output: OutputBinding | DaprStateEntryBinding,
    messages: readonly unknown[],
    next: () => Promise<void>,
  ): Promise<void> {
    const { name } = output;
    if (output.type === "daprStateEntry") this.#addEntries(messages as readonly ChangedEntry[]);
    const targets = targetsOf(output, messages);
    const from = performance.now();
    try {
      await next();
      const ms = elapsed(from);
      for (const { what, count } of targets) this.#addRequest({ name, what, count, ms });
    } catch (error) {
      const { cause = error, sent = 0 } = error as { readonly cause?: unknown; readonly sent?: number };
      const ms = elapsed(from);
      const text = beginningOf(messageOf(cause), maxMessage);
      for (const { what, count, last } of targets) {
        this.#addRequest({ name, what, count, ms, ...(last >= sent && { error: text }) });
      }
      throw error;
    }
  }

  #addEntries(changes: readonly ChangedEntry[]): void {
    for (const { index, change } of changes) {
      this.#addItem(
        this.#entries[index]!.name,
        change.operation,
        change.operation === "set" ? change.value : undefined,
      );
    }
  }

  /** Whether a line of the log is that of the failure, and says no more: where user code failed, its stack follows. */
  saysFailure(line: string): boolean {
    if (this.#failure === undefined) return false;
    return line.startsWith(`${this.#head.functionName} failed`) && line.endsWith(this.#failure);
  }

  ended({ failure }: InvocationEnd): void {
    const message = failure?.message ?? failure?.detail.split("\n")[0] ?? "";
    if (failure !== undefined && !failure.detail.includes("\n") && message.length <= maxMessage)
      this.#failure = `: ${failure.errorCode}: ${failure.detail}`;
    this.give({
      ...this.#record(),
      ms: elapsed(this.#from),
      failure:
        failure === undefined
          ? undefined
          : {
              errorCode: failure.errorCode,
              message: beginningOf(message, maxMessage),
              cause: failure.cause === undefined ? undefined : beginningOf(failure.cause, maxMessage),
              place: placeIn(failure.detail),
            },
    });
  }

  #record(): InvocationRecord {
    const { id, appId, functionName, trigger, request } = this.#head;
    return {
      id,
      appId,
      functionName,
      trigger,
      begun: this.#begun,
      attempt: this.#attempt,
      payload: this.#payload,
      request,
      reads: copyOf(this.#reads),
      items: copyOf(this.#items),
      requests: copyOf(this.#requests),
      reply: this.#reply,
      log: copyOf(this.#log),
    };
  }
}

const none: readonly never[] = [];

/** Most lists are empty, and a thousand records are kept. */
function copyOf<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? none : [...list];
}

function triggerText({ trigger, name }: FunctionDefinition, request: RequestRecord | undefined): TriggerText {
  if (trigger.type === "daprTopicTrigger") {
    const { pubSubName, topic } = trigger as DaprTopicTrigger;
    return { type: "topic", where: `${pubSubName}/${topic ?? name}` };
  }
  if (trigger.type === "daprBindingTrigger") {
    return { type: "binding", where: (trigger as DaprBindingTrigger).bindingName ?? name };
  }
  const type = trigger.type === "httpTrigger" ? "http" : "invoke";
  return { type, where: `${request?.method ?? "POST"} ${request?.path ?? `/${name}`}` };
}

interface Target {
  readonly what: string;
  count: number;
  /** Position of the last message that goes there. */
  last: number;
}

/** Targets of one output that are told apart. */
const maxTargets = 20;

/** Where the messages of an output go: its own target, with its expressions filled, or that which an item names. */
function targetsOf(output: OutputBinding | DaprStateEntryBinding, messages: readonly unknown[]): readonly Target[] {
  const targets = new Map<string, Target>();
  let previous: object | undefined;
  let target: Target | undefined;
  for (let last = 0; last < messages.length; last++) {
    const message = messages[last] as { readonly place?: object };
    const place = message.place ?? message;
    if (target === undefined || previous === undefined || !isSamePlace(place, previous)) {
      const filled = targetOf({ ...output, ...definedOf(place) });
      const what = targets.has(filled) || targets.size < maxTargets ? filled : "others";
      target = targets.get(what) ?? { what, count: 0, last };
      targets.set(what, target);
    }
    target.count++;
    target.last = last;
    previous = place;
  }
  return [...targets.values()];
}

const placeNames = [
  "stateStore",
  "pubSubName",
  "topic",
  "appId",
  "methodName",
  "bindingName",
  "secretStoreName",
] as const;
type Place = Readonly<Partial<Record<(typeof placeNames)[number], string>>>;

function isSamePlace(one: Place, other: Place): boolean {
  return placeNames.every((name) => one[name] === other[name]);
}

function definedOf(place: Place): Readonly<Record<string, string>> {
  return Object.fromEntries(placeNames.flatMap((name) => (place[name] === undefined ? [] : [[name, place[name]]])));
}

/** What a client calls: another app, or a method of the sidecar's own API. */
function calledBy({ type }: ClientBinding, method: string, target: object): string {
  const names = definedOf(target);
  if (type === "daprApp") return targetOf({ ...names, type: "daprInvoke" } as unknown as OutputBinding);
  return [method, Object.values(names).join("/")].filter((text) => text !== "").join(" ");
}

/** What a binding reads from or sends to. */
export function targetOf(binding: InputBinding | OutputBinding | DaprStateEntryBinding): string {
  const { type, stateStore, pubSubName, topic, appId, methodName, bindingName, secretStoreName } =
    binding as unknown as Readonly<Record<string, unknown>>;
  const text = (...parts: readonly unknown[]) => parts.filter((part) => typeof part === "string").join("/");
  switch (type) {
    case "daprState":
    case "daprStateEntry":
      return `state ${text(stateStore)}`;
    case "daprPublish":
      return `publish ${text(pubSubName, topic)}`;
    case "daprInvoke":
      return `invoke ${text(appId, methodName)}`;
    case "daprBinding":
      return `binding ${text(bindingName)}`;
    case "daprSecret":
      return `secret ${text(secretStoreName)}`;
    default:
      return String(type);
  }
}

/** The first place in a stack that is the user's: of a file that is neither Node's nor below node_modules. */
export function placeIn(stack: string | undefined): string | undefined {
  for (const line of (stack ?? "").split("\n").slice(1, 50)) {
    const open = line.lastIndexOf("(");
    const text = open === -1 ? line.replace(/^\s*at (?:async )?/, "") : line.slice(open + 1).replace(/\)$/, "");
    if (!/:\d{1,7}:\d{1,7}$/.test(text) || /^node:|[\\/]node_modules[\\/]/.test(text)) continue;
    const place = text.startsWith("file:") ? fileURLToPath(text) : text;
    if (isAbsolute(place) && !place.startsWith(own)) return beginningOf(relative(process.cwd(), place), Infinity);
  }
  return undefined;
}

/** The library's own folder. */
const own = join(__dirname, "..");

function elapsed(from: number): number {
  return Math.round((performance.now() - from) * 10) / 10;
}
