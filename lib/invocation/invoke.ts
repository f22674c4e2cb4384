import { BufferedCollector } from "../collectors/buffered-collector.js";
import { InvocationError, isDaprFunctionsError, type SentItems } from "../model/errors.js";
import { isPromise, type MaybePromise } from "../model/maybe-promise.js";
import {
  placeOf,
  type BoundFunction,
  type FunctionDefinition,
  type FunctionMethod,
} from "../model/function-definition.js";
import type { Check, ValidationOptions } from "../payload/payload-type.js";
import { WriteError, type BindingHost, type InputReader, type Invocation, type OutputWriter } from "./binding-host.js";
import { payloadCheckOf, revived, valueCheckOf } from "./payload-checks.js";

/** A function made ready at start: an invocation does only what its own bindings need. */
export interface CompiledFunction {
  readonly definition: FunctionDefinition;
  readonly instance: Readonly<Record<string, FunctionMethod>>;
  readonly checkPayload: ((payload: unknown) => MaybePromise<unknown>) | undefined;
  readonly inputs: readonly (InputReader & { readonly name: string })[];
  readonly outputs: readonly CompiledOutput[];
}

interface CompiledOutput {
  readonly name: string;
  readonly writer: OutputWriter;
  readonly check: Check | undefined;
}

export interface CompileOptions {
  /** How payload classes are validated. */
  readonly validation?: ValidationOptions | undefined;
}

/** Prepares a function for a host. Loads the validators that its payload and values need. */
export function compileFunction(
  bound: BoundFunction,
  host: BindingHost,
  options: CompileOptions = {},
): CompiledFunction {
  const { definition } = bound;
  return {
    definition,
    instance: bound.instance as Record<string, FunctionMethod>,
    checkPayload: payloadCheckOf(definition, options.validation),
    inputs: definition.inputs.map((input) => ({
      name: input.name,
      ...revived(input, host.reader(input, definition), definition, options.validation),
    })),
    outputs: definition.outputs.map((output) => ({
      name: output.name,
      writer: host.writer(output, definition),
      check: valueCheckOf(output, options.validation),
    })),
  };
}

/**
 * One invocation, the same in every host: payload checked, inputs read side by side, method called, reply made,
 * collectors flushed output by output in the order declared.
 *
 * A method that throws flushes nothing, and so does a reply that cannot be made: `toReply` runs before the flush.
 * What has no need to wait does not: a function without inputs, whose method returns no promise and adds no item, is
 * answered at once.
 *
 * @throws or rejects with PayloadError when the payload does not validate or lacks what an expression needs; SidecarError
 *   when an input cannot be read; InvocationError when an output cannot be sent; else whatever the method threw
 */
export function invoke<R>(
  fn: CompiledFunction,
  payload: unknown,
  invocation: Invocation,
  toReply: (returned: unknown) => R,
): MaybePromise<R> {
  return new Course(fn, invocation, toReply).start(payload);
}

type Collectors = readonly BufferedCollector<unknown>[];

const none: Collectors = [];

/** The steps of one invocation. */
class Course<R> {
  private collectors = none;

  constructor(
    private readonly fn: CompiledFunction,
    private readonly invocation: Invocation,
    private readonly toReply: (returned: unknown) => R,
  ) {}

  start(payload: unknown): MaybePromise<R> {
    const { checkPayload, inputs } = this.fn;
    const checked = checkPayload === undefined ? payload : checkPayload(payload);
    return inputs.length > 0 || isPromise(checked) ? this.callLater(checked) : this.call(checked, {});
  }

  private async callLater(checking: unknown): Promise<R> {
    const payload = await checking;
    return await this.call(payload, await readInputs(this.fn, this.invocation));
  }

  private call(payload: unknown, bindings: Record<string, unknown>): MaybePromise<R> {
    const { fn, invocation } = this;
    if (fn.outputs.length > 0) this.collectors = collectorsOf(fn, invocation, bindings);
    try {
      // Looked up by name at each call, so that a spy put on the instance is what runs.
      const returned = fn.instance[fn.definition.methodName]!(payload, bindings, invocation.context);
      return isPromise(returned) ? this.finishLater(returned) : this.finish(returned);
    } catch (thrown) {
      this.closeCollectors();
      throw thrown;
    }
  }

  private async finishLater(returning: Promise<unknown>): Promise<R> {
    try {
      return await this.finish(await returning);
    } catch (thrown) {
      this.closeCollectors();
      throw thrown;
    }
  }

  private finish(returned: unknown): MaybePromise<R> {
    this.closeCollectors();
    const reply = this.toReply(returned);
    return this.collectors.some(hasItems) ? this.flush(reply) : reply;
  }

  private closeCollectors(): void {
    for (const collector of this.collectors) collector.close();
  }

  /** Gives the reply when all is sent. */
  private async flush(reply: R): Promise<R> {
    const { fn, invocation, collectors } = this;
    for (let index = 0; index < collectors.length; index++) {
      const { messages } = collectors[index]!;
      if (messages.length === 0) continue;
      try {
        await fn.outputs[index]!.writer.write(messages, invocation);
      } catch (error) {
        throw flushError(fn, collectors, index, error);
      }
    }
    return reply;
  }
}

async function readInputs(fn: CompiledFunction, invocation: Invocation): Promise<Record<string, unknown>> {
  const results = await Promise.allSettled(fn.inputs.map((input) => input.read(invocation)));
  const bindings: Record<string, unknown> = {};
  results.forEach((result, index) => {
    if (result.status === "rejected") throw result.reason as Error;
    bindings[fn.inputs[index]!.name] = result.value;
  });
  return bindings;
}

function collectorsOf(fn: CompiledFunction, invocation: Invocation, bindings: Record<string, unknown>): Collectors {
  return fn.outputs.map(
    ({ name, writer, check }) => (bindings[name] = new BufferedCollector(name, writer, invocation, check)),
  );
}

function hasItems({ messages }: BufferedCollector<unknown>): boolean {
  return messages.length > 0;
}

function flushError(fn: CompiledFunction, collectors: Collectors, index: number, error: unknown): InvocationError {
  if (!(error instanceof WriteError)) throw error;
  const counts = collectors.slice(0, index + 1).map(({ messages }, i) => (i < index ? messages.length : error.sent));
  const sent: SentItems[] = counts
    .map((items, i) => ({ output: fn.outputs[i]!.name, items }))
    .filter(({ items }) => items > 0);
  const before = sent.map(({ output, items }) => `${items} of "${output}"`).join(", ");
  const total = collectors[index]!.messages.length;
  return new InvocationError(
    isDaprFunctionsError(error.cause) ? error.cause.code : "ERR_FUNCTION_FAILED",
    `${placeOf(fn.definition)}, output "${fn.outputs[index]!.name}": item ${error.failed + 1} of ${total} failed: ` +
      `${error.cause.message}${error.hint === undefined ? "" : ` (${error.hint})`}; ` +
      (before === "" ? "nothing was sent before" : `sent before: ${before}`),
    { sent, cause: error.cause },
  );
}
