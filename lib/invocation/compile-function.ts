import type { InputBinding, OutputBinding } from "../model/bindings.js";
import type { BoundFunction, FlushMode, FunctionDefinition, FunctionMethod } from "../model/function-definition.js";
import type { MaybePromise } from "../model/maybe-promise.js";
import type { Check, CheckOptions } from "../payload/payload-type.js";
import { recordingOf } from "../payload/recording.js";
import type { Around } from "./around.js";
import type { BindingHost, ClientOpener, InputReader, OutputWriter } from "./binding-host.js";
import { compileEntries, type CompiledEntries } from "./entries.js";
import type { InvocationObserver } from "./observer.js";
import { outputCheckOf, payloadCheckOf, revived } from "./payload-checks.js";
import { replyReader, type ReplyReader } from "./reply.js";

/** A function made ready at start: an invocation does only what its own bindings need. */
export interface CompiledFunction {
  readonly definition: FunctionDefinition;
  readonly instance: Readonly<Record<string, FunctionMethod>>;
  readonly checkPayload: ((payload: unknown) => MaybePromise<unknown>) | undefined;
  readonly inputs: readonly (InputReader & { readonly binding: InputBinding })[];
  readonly entries: CompiledEntries | undefined;
  readonly clients: readonly (ClientOpener & { readonly name: string })[];
  readonly outputs: readonly CompiledOutput[];
  readonly readReply: ReplyReader;
  /** True where outputs are sent side by side. */
  readonly isParallel: boolean;
  readonly around: Around | undefined;
  readonly observer: InvocationObserver | undefined;
}

/** An output of one, and what sends its items. */
export interface CompiledOutput {
  readonly binding: OutputBinding;
  readonly writer: OutputWriter;
  readonly check: Check | undefined;
}

export interface CompileOptions {
  /** How payload classes are validated. */
  readonly validation?: CheckOptions | undefined;
  /** Surrounds each call of the method. */
  readonly around?: Around | undefined;
  readonly observer?: InvocationObserver | undefined;
  /** How outputs are sent by functions that do not say so themselves; in order unless given. */
  readonly flush?: FlushMode | undefined;
}

/** Prepares a function for a host. Loads the validators that its payload and values need. */
export function compileFunction(
  bound: BoundFunction,
  host: BindingHost,
  options: CompileOptions = {},
): CompiledFunction {
  const { definition } = bound;
  const validation = { ...options.validation, packages: recordingOf(definition.target)?.packages };
  return {
    definition,
    instance: bound.instance as Record<string, FunctionMethod>,
    checkPayload: payloadCheckOf(definition, validation),
    inputs: definition.inputs.map((input) => ({
      binding: input,
      ...revived(input, host.reader(input, definition), definition, validation),
    })),
    entries: compileEntries(definition, host, validation),
    clients: definition.clients.map((binding) => {
      const opener = host.client(binding, definition);
      return { name: binding.name, open: (invocation) => opener.open(invocation) };
    }),
    outputs: definition.outputs.map((output) => ({
      binding: output,
      writer: host.writer(output, definition),
      check: outputCheckOf(output, definition, validation),
    })),
    readReply: replyReader(definition),
    isParallel: (definition.flush ?? options.flush) === "parallel",
    around: options.around,
    observer: options.observer,
  };
}
