import type { Invocation } from "../../invocation/binding-host.js";
import { traceHeadersOf, type TraceAttributes } from "../../invocation/trace-headers.js";
import type { BindingData } from "../../expressions/template.js";
import type { FunctionDefinition } from "../../model/function-definition.js";
import type { InvocationContext } from "../../model/invocation.js";
import type { AzureInvocation, FunctionsBindings } from "./functions-bindings.js";

const noData: BindingData = Object.freeze({});

/** One call of a function by the Functions host. */
export class FunctionsInvocation implements AzureInvocation {
  /** Stays empty where the host serves the bindings: it resolves its own expressions. */
  bindingData: BindingData = noData;
  event: Invocation["event"] = undefined;
  watch: Invocation["watch"] = undefined;
  /** The host does not tell an invocation that it is to stop. */
  readonly signal: AbortSignal | undefined = undefined;
  /** The event's own trace context, which counts where the host brought none. */
  attributes: TraceAttributes | undefined = undefined;
  #trace: Readonly<Record<string, string>> | null | undefined = null;

  attempt = 1;
  readonly context: InvocationContext;

  constructor(
    readonly definition: FunctionDefinition,
    context: InvocationContext,
    readonly bindings: FunctionsBindings,
  ) {
    const attempt = (): number => this.attempt;
    this.context = {
      ...context,
      get attempt() {
        return attempt();
      },
    };
  }

  get id(): string {
    return this.context.invocationId;
  }

  get traceHeaders(): Readonly<Record<string, string>> | undefined {
    if (this.#trace === null) {
      const { traceParent, traceState } = this.context.traceContext ?? {};
      const headers: Readonly<Record<string, string | undefined>> = {
        traceparent: traceParent,
        tracestate: traceState,
      };
      this.#trace = traceHeadersOf((name) => headers[name], this.attributes);
    }
    return this.#trace;
  }
}
