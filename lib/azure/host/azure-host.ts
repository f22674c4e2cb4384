import { bytesOf, changesWhenParsed, jsonTextOf } from "../../collectors/json-value.js";
import { badItem, refuseHalfPairs, valueRule } from "../../collectors/message.js";
import { outputTypes, type ItemRule, type OutputType } from "../../model/binding-table.js";
import type { Binding, ClientBinding, InputBinding, OutputBinding } from "../../model/bindings.js";
import type { OutputItem } from "../../model/collector.js";
import { JsonText } from "../../model/json.js";
import { DefinitionError, InvocationError } from "../../model/errors.js";
import { placeOf, type FunctionDefinition } from "../../model/function-definition.js";
import type { BindingHost, InputReader, OutputWriter } from "../../invocation/binding-host.js";
import { isGeneric } from "../app/function-json.js";
import { bindingsOf, jsonCopy } from "./functions-bindings.js";
import { genericWriter } from "./generic-output.js";

/** Bindings served by the Functions host: it has read the inputs, and it sends the outputs. */
export class AzureHost implements BindingHost {
  reader({ name }: InputBinding): InputReader {
    return { read: (invocation) => Promise.resolve(bindingsOf(invocation).input(name)) };
  }

  writer(output: OutputBinding, definition: FunctionDefinition): OutputWriter {
    const where = `${placeOf(definition)}, output "${output.name}"`;
    if (isGeneric(output)) return genericWriter(output, where);
    return {
      toMessage: daprMessages(output, where),
      // No await: what is set cannot fail, and the host sends after the handler has returned.
      write: (messages: readonly Readonly<Record<string, unknown>>[], invocation) => {
        bindingsOf(invocation).setOutput(output.name, asWritten(messages));
        return Promise.resolve();
      },
    };
  }

  /** The rules of the Functions host refused it before. */
  client(binding: ClientBinding, definition: FunctionDefinition): never {
    throw sidecarOnly(binding, "client", definition);
  }

  /** Likewise. */
  entries(definition: FunctionDefinition): never {
    throw sidecarOnly(definition.entries[0]!, "entry", definition);
  }
}

function sidecarOnly(
  { name, type }: Pick<Binding, "name" | "type">,
  role: "client" | "entry",
  definition: FunctionDefinition,
): DefinitionError {
  const problem = { code: "option-standalone-only", level: "error" } as const;
  const binding = `${role} "${name}"`;
  const message = `${placeOf(definition)}, ${binding}: the Functions host has no ${type}; register with bindings: "sidecar"`;
  const { className, methodName } = definition;
  return new DefinitionError([{ ...problem, class: className, method: methodName, binding, message }]);
}

type DaprOutput = Extract<OutputBinding, { type: OutputType }>;

function daprMessages(output: DaprOutput, where: string): (item: OutputItem) => Readonly<Record<string, unknown>> {
  const { type } = output;
  const rules: Readonly<Record<string, ItemRule>> = outputTypes[type].overrides;
  // In the order in which they are sent.
  const taken = Object.keys(rules).filter((name) => rules[name]!.host === true);
  const declared = output as unknown as Readonly<Record<string, unknown>>;
  // Without these neither the host nor the item says where to send; their values are the host's to resolve.
  const needed = taken.filter((name) => rules[name]?.missing !== undefined && declared[name] === undefined);
  return ({ verb, value, overrides }) => {
    if (verb === "remove") throw unsupported(where, undefined, "remove()", 'use bindings: "sidecar"');
    const refused = Object.keys(overrides).find((name) => !taken.includes(name));
    if (refused !== undefined) {
      throw unsupported(where, refused, `${refused} of an item`, 'leave it out, or use bindings: "sidecar"');
    }
    const missing = needed.find((name) => overrides[name] === undefined);
    if (missing !== undefined) throw badItem(where, missing, rules[missing]!.missing!);
    const message: Record<string, unknown> = { [valueRule(type).name]: messageValue(type, value, where) };
    for (const name of taken) if (overrides[name] !== undefined) message[name] = overrides[name];
    return message;
  };
}

/** The value as the worker will serialise it, taken now: later changes of the object are not sent. */
function messageValue(type: OutputType, value: unknown, where: string): unknown {
  const { name, missing } = valueRule(type);
  if (value === undefined || value === null) {
    // The extension takes both as absent, and only a body may be.
    if (type === "daprInvoke") return value;
    throw badItem(where, name, `${missing}, and the Functions host takes ${String(value)} as none`);
  }
  const bytes = bytesOf(value);
  if (value instanceof JsonText && changesWhenParsed(value)) {
    refuseHalfPairs(value.text, where, name);
    return value;
  }
  if (bytes === undefined) return jsonCopy(value, where, name);
  if (type === "daprState" || type === "daprBinding") return bytes.toString("base64");
  throw badItem(where, name, "bytes do not pass the Functions host; send text, e.g. base64");
}

/** One message or a list of them; as text, which the extension reads as well, where a value would not be what was written. */
function asWritten(messages: readonly Readonly<Record<string, unknown>>[]): unknown {
  const isText = messages.some((message) => Object.values(message).some((value) => value instanceof JsonText));
  if (!isText) return messages.length === 1 ? messages[0] : messages;
  const texts = messages.map((message) => {
    const members = Object.entries(message).filter(([, value]) => value !== undefined);
    const text = members.map(([name, value]) => `${JSON.stringify(name)}:${jsonTextOf(value)!.text}`);
    return `{${text.join(",")}}`;
  });
  return texts.length === 1 ? texts[0] : `[${texts.join(",")}]`;
}

function unsupported(where: string, name: string | undefined, what: string, remedy: string): InvocationError {
  return new InvocationError(
    "ERR_OVERRIDE_UNSUPPORTED",
    `${where}${name === undefined ? "" : `, ${name}`}: the Dapr extension of the Functions host drops ${what}; ${remedy}`,
  );
}
