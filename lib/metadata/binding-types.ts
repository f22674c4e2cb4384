import type {
  DaprApp,
  DaprBindingInput,
  DaprBindingOutput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprInvokeInput,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprSidecar,
  DaprStateEntryBinding,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  HttpTrigger,
} from "../model/bindings.js";
import type { BindingRole } from "../model/problem.js";
import * as kinds from "./members.js";
import type { BindingDecoratorName } from "./store.js";

/** One option of a binding. */
export interface MemberRule {
  readonly kind: kinds.MemberKind;
  /** True, or the option that may stand in its place. */
  readonly required?: true | { readonly unless: string };
}

export type Role = BindingRole;

/** What a decorator declares, and which options it takes. */
export interface BindingType {
  readonly role: Role;
  /** Absent for the generic decorators, which are given one. */
  readonly type?: string;
  /** Of a trigger: what `{name}` expressions call the payload unless it is named. */
  readonly defaultName?: string;
  /** In the order in which function.json writes them; those that only the runtime knows follow. */
  readonly members: Readonly<Record<string, MemberRule>>;
}

/** The compiler asks for a row for each option that the model gives a binding; `dataType` is without effect on outputs. */
type MembersOf<B extends { readonly direction: string; readonly dataType?: unknown }> = Record<
  Exclude<
    keyof B,
    | "type"
    | "direction"
    | "name"
    | "generic"
    | (B["direction"] extends "out" ? "dataType" : undefined extends B["dataType"] ? NoDataType<B> : never)
  >,
  MemberRule
>;

type NoDataType<B extends { readonly dataType?: unknown }> = [B["dataType"]] extends [undefined] ? "dataType" : never;

const text: MemberRule = { kind: kinds.text };
const needed: MemberRule = { kind: kinds.text, required: true };
const address: MemberRule = { kind: kinds.address };
const payload: MemberRule = { kind: kinds.payloadType };
const consistency: MemberRule = { kind: kinds.word("eventual", "strong") };

function option(kind: kinds.MemberKind): MemberRule {
  return { kind };
}

/** The Functions host refuses `binary` of inputs. */
const triggerData = { dataType: option(kinds.word("string", "binary")) };
const inputData = { dataType: option(kinds.word("string")) };
const anyData = { dataType: option(kinds.word("string", "binary", "stream")) };

/** One row per binding decorator; a new building block begins with its rows here. */
export const bindingTypes: Readonly<Record<BindingDecoratorName, BindingType>> = {
  DaprServiceInvocationTrigger: {
    role: "trigger",
    type: "daprServiceInvocationTrigger",
    defaultName: "payload",
    members: {
      ...triggerData,
      methodName: text,
      methods: option(kinds.methods),
      payload,
    } satisfies MembersOf<DaprServiceInvocationTrigger>,
  },
  DaprTopicTrigger: {
    role: "trigger",
    type: "daprTopicTrigger",
    defaultName: "payload",
    members: {
      ...triggerData,
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
    role: "trigger",
    type: "daprBindingTrigger",
    defaultName: "payload",
    members: { ...triggerData, bindingName: text, payload } satisfies MembersOf<DaprBindingTrigger>,
  },
  HttpTrigger: {
    role: "trigger",
    type: "httpTrigger",
    defaultName: "req",
    members: {
      ...anyData,
      authLevel: option(kinds.word("anonymous", "function", "admin")),
      methods: option(kinds.methods),
      route: text,
      payload,
    } satisfies MembersOf<HttpTrigger>,
  },
  DaprStateInput: {
    role: "input",
    type: "daprState",
    members: {
      ...inputData,
      stateStore: needed,
      key: { kind: kinds.text, required: { unless: "keys" } },
      daprAddress: address,
      keys: text,
      required: option(kinds.flag),
      record: option(kinds.flag),
      valueType: payload,
      metadata: option(kinds.query),
      consistency,
    } satisfies MembersOf<DaprStateInput>,
  },
  DaprSecret: {
    role: "input",
    type: "daprSecret",
    members: {
      ...inputData,
      secretStoreName: needed,
      key: needed,
      metadata: option(kinds.query),
      daprAddress: address,
    } satisfies MembersOf<DaprSecret>,
  },
  DaprInvokeInput: {
    role: "input",
    type: "daprInvoke",
    members: {
      appId: needed,
      methodName: needed,
      httpVerb: option(kinds.verb),
      daprAddress: address,
      body: option(kinds.json),
      headers: option(kinds.textMap),
      valueType: payload,
      required: option(kinds.flag),
      record: option(kinds.flag),
    } satisfies MembersOf<DaprInvokeInput>,
  },
  DaprBindingInput: {
    role: "input",
    type: "daprBinding",
    members: {
      bindingName: needed,
      operation: needed,
      daprAddress: address,
      data: option(kinds.json),
      metadata: option(kinds.textMap),
      valueType: payload,
      required: option(kinds.flag),
      record: option(kinds.flag),
    } satisfies MembersOf<DaprBindingInput>,
  },
  DaprState: {
    role: "entry",
    type: "daprStateEntry",
    members: {
      stateStore: needed,
      key: needed,
      daprAddress: address,
      required: option(kinds.flag),
      valueType: payload,
      metadata: option(kinds.query),
      consistency,
      onConflict: option(kinds.word("rerun", "fail")),
      attempts: option(kinds.count(1, 100)),
    } satisfies MembersOf<DaprStateEntryBinding>,
  },
  DaprApp: {
    role: "client",
    type: "daprApp",
    members: {
      appId: needed,
      daprAddress: address,
      of: option(kinds.functionClass),
    } satisfies MembersOf<DaprApp>,
  },
  DaprSidecar: {
    role: "client",
    type: "daprSidecar",
    members: { daprAddress: address } satisfies MembersOf<DaprSidecar>,
  },
  DaprStateOutput: {
    role: "output",
    type: "daprState",
    members: {
      stateStore: text,
      key: text,
      daprAddress: address,
      transaction: option(kinds.flag),
      valueType: payload,
      metadata: option(kinds.query),
      ttlInSeconds: option(kinds.count(1, 2 ** 31 - 1)),
      outbox: option(kinds.flag),
    } satisfies MembersOf<DaprStateOutput>,
  },
  DaprPublish: {
    role: "output",
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
    role: "output",
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
    role: "output",
    type: "daprBinding",
    members: {
      bindingName: text,
      operation: text,
      daprAddress: address,
      valueType: payload,
    } satisfies MembersOf<DaprBindingOutput>,
  },
  Trigger: { role: "trigger", defaultName: "payload", members: anyData },
  Input: { role: "input", members: anyData },
  Output: { role: "output", members: anyData },
};
