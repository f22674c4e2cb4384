import type {
  DaprBindingOutput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
} from "../model/bindings.js";
import * as kinds from "./members.js";
import type { BindingDecoratorName } from "./store.js";

/** One option of a binding. */
export interface MemberRule {
  readonly kind: kinds.MemberKind;
  readonly required?: true;
}

export type Role = "trigger" | "input" | "output";

/** What a decorator declares, and which options it takes. */
export interface BindingType {
  readonly role: Role;
  /** Absent for the generic decorators, which are given one. */
  readonly type?: string;
  /** Of a trigger: what `{name}` expressions call the payload unless it is named. */
  readonly defaultName?: string;
  /** The values of `dataType`; undefined where the option has no effect. */
  readonly dataTypes?: readonly string[];
  /** In the order in which function.json writes them; those that only the runtime knows follow. */
  readonly members: Readonly<Record<string, MemberRule>>;
}

/** The compiler asks for a row for each option that the model gives a binding. */
type MembersOf<B> = Record<Exclude<keyof B, "type" | "direction" | "name" | "dataType" | "generic">, MemberRule>;

const text: MemberRule = { kind: kinds.text };
const needed: MemberRule = { kind: kinds.text, required: true };
const address: MemberRule = { kind: kinds.address };
const payload: MemberRule = { kind: kinds.payloadType };

function option(kind: kinds.MemberKind): MemberRule {
  return { kind };
}

const daprTrigger = { role: "trigger", defaultName: "payload", dataTypes: ["string", "binary"] } as const;
const input = { role: "input", dataTypes: ["string"] } as const;
const output = { role: "output" } as const;

/** One row per binding decorator; a new building block begins with its rows here. */
export const bindingTypes: Readonly<Record<BindingDecoratorName, BindingType>> = {
  DaprServiceInvocationTrigger: {
    ...daprTrigger,
    type: "daprServiceInvocationTrigger",
    members: {
      methodName: text,
      methods: option(kinds.methods),
      payload,
    } satisfies MembersOf<DaprServiceInvocationTrigger>,
  },
  DaprTopicTrigger: {
    ...daprTrigger,
    type: "daprTopicTrigger",
    members: {
      pubSubName: needed,
      topic: text,
      route: text,
      deadLetterTopic: text,
      match: text,
      priority: option(kinds.number),
      bulk: option(kinds.bulk),
      metadata: option(kinds.textMap),
      payload,
    } satisfies MembersOf<DaprTopicTrigger>,
  },
  DaprBindingTrigger: {
    ...daprTrigger,
    type: "daprBindingTrigger",
    members: { bindingName: text, payload } satisfies MembersOf<DaprBindingTrigger>,
  },
  HttpTrigger: {
    role: "trigger",
    type: "httpTrigger",
    defaultName: "req",
    dataTypes: ["string", "binary", "stream"],
    members: {
      authLevel: option(kinds.word("anonymous", "function", "admin")),
      methods: option(kinds.methods),
      route: text,
      payload,
    } satisfies MembersOf<HttpTrigger>,
  },
  DaprStateInput: {
    ...input,
    type: "daprState",
    members: {
      stateStore: needed,
      key: needed,
      daprAddress: address,
      required: option(kinds.flag),
      record: option(kinds.flag),
      valueType: payload,
    } satisfies MembersOf<DaprStateInput>,
  },
  DaprSecret: {
    ...input,
    type: "daprSecret",
    members: {
      secretStoreName: needed,
      key: needed,
      metadata: option(kinds.query),
      daprAddress: address,
    } satisfies MembersOf<DaprSecret>,
  },
  DaprStateOutput: {
    ...output,
    type: "daprState",
    members: {
      stateStore: text,
      key: text,
      daprAddress: address,
      transaction: option(kinds.flag),
      valueType: payload,
    } satisfies MembersOf<DaprStateOutput>,
  },
  DaprPublish: {
    ...output,
    type: "daprPublish",
    members: {
      pubSubName: text,
      topic: text,
      daprAddress: address,
      bulk: option(kinds.flag),
      valueType: payload,
    } satisfies MembersOf<DaprPublish>,
  },
  DaprInvoke: {
    ...output,
    type: "daprInvoke",
    members: {
      appId: text,
      methodName: text,
      httpVerb: option(kinds.verb),
      daprAddress: address,
      valueType: payload,
    } satisfies MembersOf<DaprInvoke>,
  },
  DaprBindingOutput: {
    ...output,
    type: "daprBinding",
    members: {
      bindingName: text,
      operation: text,
      daprAddress: address,
      valueType: payload,
    } satisfies MembersOf<DaprBindingOutput>,
  },
  Trigger: { role: "trigger", defaultName: "payload", dataTypes: ["string", "binary", "stream"], members: {} },
  Input: { role: "input", dataTypes: ["string", "binary", "stream"], members: {} },
  Output: { role: "output", dataTypes: ["string", "binary", "stream"], members: {} },
};
