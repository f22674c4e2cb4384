import type {
  Binding,
  ClientBinding,
  DaprStateEntryBinding,
  InputBinding,
  OutputBinding,
  RetryOptions,
  TriggerBinding,
} from "../model/bindings.js";
import type { Problem } from "../model/errors.js";
import type { FlushMode, FunctionDefinition } from "../model/function-definition.js";
import type { Class, PayloadType } from "../model/payload-type.js";
import { show } from "./members.js";
import { firstParameterType } from "./design-types.js";
import { problemAt, type ProblemPlace } from "../model/problem.js";
import { isBindingRecord, ofRole, readBinding, type ReadBinding } from "./read-binding.js";
import type { BindingRole } from "../model/binding-table.js";
import { expressionProblems } from "./rules/expressions.js";
import { duplicateBindingProblems, functionNameProblems } from "./rules/names.js";
import { retryProblems } from "./rules/retry.js";
import { stateProblems } from "./rules/state.js";
import type { DecoratorName, MethodMetadata } from "./store.js";

/** The function that a method declares; none without a trigger. */
export interface ReadMethod {
  /** What could be read; to be used only when no problem is an error. */
  readonly definition: FunctionDefinition | undefined;
  readonly problems: readonly Problem[];
}

export function readMethod(target: Class, className: string, metadata: MethodMetadata): ReadMethod {
  const { method, records } = metadata;
  const place: ProblemPlace = { className, methodName: method, target };
  const problems: Problem[] = [];

  const once = (decorator: DecoratorName): { readonly argument: unknown } | undefined => {
    const [first, second] = records.filter((record) => record.decorator === decorator);
    if (second !== undefined) {
      problems.push(problemAt(place, "decorator-repeated", `@${decorator} stands more than once; keep one`));
    }
    return first;
  };
  const givenName = once("FunctionName");
  const name = givenName === undefined ? method : givenName.argument;
  problems.push(...functionNameProblems(place, name));

  const retry = once("Retry");
  if (retry !== undefined) problems.push(...retryProblems(place, retry.argument));

  const flush = once("Flush");
  if (flush !== undefined) problems.push(...flushProblems(place, flush.argument));

  const bindings = records
    .filter(isBindingRecord)
    .map((record) => ({ ...readBinding(place, record), ofTopic: record.ofTopic === true }));
  const triggers = ofRole(bindings, "trigger");
  problems.push(...triggerProblems(place, triggers));
  problems.push(...bindings.flatMap((binding) => binding.problems));
  // A second trigger is one problem, not also that of two bindings of one name.
  const named = [...triggers.slice(0, 1), ...others.flatMap((role) => ofRole(bindings, role))];
  problems.push(...duplicateBindingProblems(named.filter((binding) => binding.name !== "")));

  const declared = {
    name: typeof name === "string" ? name : method,
    className,
    methodName: method,
    target,
    inputs: declaredAs<InputBinding>(bindings, "input"),
    outputs: declaredAs<OutputBinding>(bindings, "output"),
    entries: declaredAs<DaprStateEntryBinding>(bindings, "entry"),
    clients: declaredAs<ClientBinding>(bindings, "client"),
  };
  const [first] = triggers;
  if (first === undefined) {
    return { definition: undefined, problems: [...problems, ...expressionProblems(declared)] };
  }
  const trigger = first.binding as TriggerBinding;
  const payload = payloadTypeOf(trigger, metadata, first.place);
  const topicOutputs = bindings.filter(({ ofTopic }) => ofTopic).map((binding) => binding.name);
  const definition: FunctionDefinition = {
    ...declared,
    trigger,
    ...(flush !== undefined && { flush: flush.argument as FlushMode }),
    ...(retry !== undefined && { retry: retry.argument as RetryOptions }),
    ...(payload.type !== undefined && { payloadType: payload.type }),
    ...(topicOutputs.length > 0 && { topicOutputs }),
  };
  const judged = [...stateProblems(definition), ...expressionProblems(definition)];
  return { definition, problems: [...problems, ...payload.problems, ...judged] };
}

function flushProblems(place: ProblemPlace, mode: unknown): Problem[] {
  if (mode === "ordered" || mode === "parallel") return [];
  return [problemAt(place, "option-invalid", `@Flush takes "ordered" or "parallel", not ${show(mode)}`)];
}

/** In the order in which a method's problems are told. */
const others = ["input", "entry", "client", "output"] as const satisfies readonly BindingRole[];

/** The role of a decorator decides which bindings it makes. */
function declaredAs<B extends Binding>(bindings: readonly ReadBinding[], role: BindingRole): B[] {
  return ofRole(bindings, role).map(({ binding }) => binding as B);
}

function triggerProblems(place: ProblemPlace, triggers: readonly ReadBinding[]): Problem[] {
  if (triggers.length === 1) return [];
  if (triggers.length === 0) {
    return [
      problemAt(place, "trigger-missing", "nothing triggers it; add a trigger, e.g. @DaprServiceInvocationTrigger()"),
    ];
  }
  const list = triggers.map(({ decorator }) => `@${decorator}`).join(", ");
  return [problemAt(place, "trigger-multiple", `it has ${triggers.length} triggers, ${list}; keep one`)];
}

interface ReadPayloadType {
  readonly type?: PayloadType;
  readonly problems: readonly Problem[];
}

/** The trigger's `payload`; else, where the payload is the first parameter itself, what the compiler recorded for it. */
function payloadTypeOf(
  trigger: TriggerBinding,
  { owner, method }: MethodMetadata,
  place: ProblemPlace,
): ReadPayloadType {
  if (trigger.generic) return { problems: [] };
  if (trigger.payload !== undefined) return { type: trigger.payload, problems: [] };
  if (trigger.type === "daprTopicTrigger" || trigger.type === "httpTrigger") return { problems: [] };
  const recorded = firstParameterType(owner, method);
  if (recorded.kind === "class") return { type: recorded.type, problems: [] };
  if (recorded.kind === "none") return { problems: [] };
  const what = "the compiler recorded no class for the first parameter, which was probably imported with `import type`";
  const text = `${what}; import the class itself, or give \`payload\``;
  return { problems: [problemAt({ ...place, member: "payload" }, "payload-type-lost", text)] };
}
