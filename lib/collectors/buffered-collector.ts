import type { OutputBinding } from "../model/bindings.js";
import type { OutputItem, Overrides, StateCollector } from "../model/collector.js";
import { InvocationError } from "../model/errors.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import type { InvocationContext } from "../model/invocation.js";
import { JsonText } from "../model/json.js";
import { summaryOf, type Invalid } from "../model/payload-issues.js";
import { listed } from "../model/values.js";
import { outputTypes, type OutputType } from "../model/binding-table.js";
import { badItem, checkedOverride, overrideOf, valueRule } from "./message.js";
import { requestBodyItems } from "./request-body.js";

/** What a collector needs of the invocation it belongs to. */
interface CollectorInvocation {
  readonly definition: FunctionDefinition;
  readonly context: InvocationContext;
  readonly watch?: { added?(output: OutputBinding, item: OutputItem): void } | undefined;
}

/** What a collector needs of its host: an item becomes a message as the host sends it. */
interface ItemWriter<Message> {
  readonly takesOne?: boolean;
  toMessage(item: OutputItem, invocation: CollectorInvocation, index: number): Message;
}

type ItemChecked = { readonly value: unknown; readonly issues?: undefined } | Invalid;
type ItemCheck = (value: unknown) => ItemChecked | Promise<ItemChecked>;

const noOverrides: Overrides = Object.freeze({});

/** Items of one output and invocation: each stays in memory until the method has returned. */
const maxItems = 500_000;

/** The unknown properties that were named already, by writer: one warning for each, per function and output. */
const warned = new WeakMap<object, Set<string>>();

/** Names come from request bodies, too: no more of them than anybody means are kept. */
const mostWarned = 100;

/**
 * Keeps the items of one output of one invocation, in order, until they are flushed. Everything that can be wrong with
 * an item throws in `add`, in the user's code; a call after the invocation ended throws too.
 */
export class BufferedCollector<Message> implements StateCollector<unknown> {
  readonly #messages: Message[] = [];
  /** The output's type where it is one of Dapr's; a generic output takes bare values. */
  readonly #type: OutputType | undefined;
  #whereOf: (() => string) | undefined;
  #closed = false;

  constructor(
    private readonly binding: OutputBinding,
    private readonly writer: ItemWriter<Message>,
    private readonly invocation: CollectorInvocation,
    private readonly check?: ItemCheck,
  ) {
    this.#type = binding.generic !== true && binding.type in outputTypes ? binding.type : undefined;
  }

  /** The messages so far, in the order in which their items were added. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  add(value?: unknown, overrides?: object): void {
    this.#refuseIfClosed("add");
    this.#push({ verb: "add", value, overrides: this.#checked(overrides, "add"), fromRequestBody: false });
  }

  addRequestBody(body: unknown): void {
    this.#refuseIfClosed("addRequestBody");
    const type = this.#type;
    const unknown = new Set<string>();
    const items =
      type === undefined
        ? bareItems(body, this.writer.takesOne === true)
        : requestBodyItems(body, type, this.#where, unknown);
    this.#warn(unknown);
    // All of them or, when one is bad, none.
    this.#refuseIfFull(items.length);
    const first = this.#messages.length;
    const messages = items.map((item, i) => this.#toMessage(item, first + i));
    messages.forEach((message, i) => this.#keep(message, items[i]!));
  }

  remove(overrides?: object): void {
    this.#refuseIfClosed("remove");
    if (this.#type !== "daprState") throw badItem(this.#where(), undefined, "only a state output has remove()");
    const checked = this.#checked(overrides, "remove");
    this.#push({ verb: "remove", value: undefined, overrides: checked, fromRequestBody: false });
  }

  /** Ends the collector: what comes later is refused. */
  close(): void {
    this.#closed = true;
  }

  /** Where an item is, for messages; made once, since items may be many. */
  get #where(): () => string {
    return (this.#whereOf ??= () => `${placeOf(this.invocation.definition)}, output "${this.binding.name}"`);
  }

  #push(item: OutputItem): void {
    this.#refuseIfFull(1);
    this.#keep(this.#toMessage(item, this.#messages.length), item);
  }

  #keep(message: Message, item: OutputItem): void {
    this.#messages.push(message);
    this.invocation.watch?.added?.(this.binding, item);
  }

  #toMessage(item: OutputItem, index: number): Message {
    const accepted = item.verb === "remove" ? item : this.#accepted(item, index);
    return this.writer.toMessage(accepted, this.invocation, index);
  }

  #accepted(item: OutputItem, index: number): OutputItem {
    if (item.value === undefined) {
      const type = this.#type;
      if (type === undefined) return item;
      const { name, missing, required } = valueRule(type);
      if (required === "always" || (required === "request-body" && item.fromRequestBody)) {
        throw badItem(this.#where(), name, missing);
      }
      return item;
    }
    if (this.check === undefined) return item;
    const { value } = item;
    const result = this.check(value instanceof JsonText ? value.toJSON() : value);
    if (result instanceof Promise) {
      // The answer is not awaited; its rejection must not end the process.
      result.catch(() => undefined);
      throw badItem(
        this.#where(),
        undefined,
        "its valueType answers with a promise; give one that checks synchronously",
      );
    }
    if (result.issues !== undefined) {
      throw badItem(this.#where(), undefined, `item ${index} is not valid: ${summaryOf(result)}`);
    }
    // Text of a request body is sent as written, so it is only looked at.
    return value instanceof JsonText ? item : { ...item, value: result.value };
  }

  #checked(overrides: object | null | undefined, source: "add" | "remove"): Overrides {
    if (overrides === undefined || overrides === null) return noOverrides;
    const type = this.#type;
    if (typeof overrides !== "object" || type === undefined) {
      throw badItem(
        this.#where(),
        undefined,
        type === undefined ? "this output takes no overrides" : "overrides must be an object",
      );
    }
    const checked: Record<string, unknown> = {};
    let unknown: Set<string> | undefined;
    for (const property of Object.keys(overrides)) {
      const override = overrideOf(type, property, source);
      if (override === undefined) {
        (unknown ??= new Set()).add(property);
        continue;
      }
      const value = checkedOverride(override, overrides[property as never], this.#where);
      if (value !== undefined) checked[override.name] = value;
    }
    if (unknown !== undefined) this.#warn(unknown);
    return checked;
  }

  /** Deviation from the extension, which drops what it does not know without a word. */
  #warn(unknown: ReadonlySet<string>): void {
    if (unknown.size === 0) return;
    const known = warned.get(this.writer) ?? new Set();
    warned.set(this.writer, known);
    // Whole names out of request bodies would be kept as long as the output.
    const shown = new Set([...unknown].map((name) => JSON.stringify(name.slice(0, 60))));
    const names = [...shown].filter((name) => !known.has(name));
    if (names.length === 0 || known.size >= mostWarned) return;
    for (const name of names) if (known.size < mostWarned) known.add(name);
    const { overrides } = outputTypes[this.#type!];
    const orMetadata = "metadata" in overrides ? ", or put it into metadata" : "";
    this.invocation.context.warn(
      `${this.#where()}: ${listed(names, (name) => name)} of an item ` +
        `${names.length === 1 ? "is" : "are"} unknown to this output and dropped; check the spelling${orMetadata}`,
    );
  }

  #refuseIfFull(more: number): void {
    if (this.#messages.length + more <= maxItems) return;
    const text = `one invocation sends at most ${maxItems} items through an output; spread them over several invocations`;
    throw badItem(this.#where(), undefined, text);
  }

  #refuseIfClosed(verb: string): void {
    if (!this.#closed) return;
    const message = `${this.#where()}: ${verb}() came after the invocation had ended; await what leads to it`;
    this.invocation.context.error(message);
    throw new InvocationError("ERR_COLLECTOR_CLOSED", message);
  }
}

/** What a generic output makes of a request body: the value itself, of an array one item each. */
function bareItems(body: unknown, takesOne: boolean): OutputItem[] {
  if (body === null || body === undefined) return [];
  const values: readonly unknown[] = Array.isArray(body) && !takesOne ? body : [body];
  return values.map((value) => ({ verb: "add", value, overrides: noOverrides, fromRequestBody: true }));
}
