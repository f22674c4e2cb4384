import { bytesOf } from "../../collectors/json-value.js";
import { badItem } from "../../collectors/message.js";
import type { GenericBinding } from "../../model/bindings.js";
import type { Invocation, OutputWriter } from "../../invocation/binding-host.js";
import { bindingsOf, jsonCopy } from "./functions-bindings.js";

/** Outputs that are one stream of bytes; all others are collectors, which the host fills from a list. */
const streams: ReadonlySet<string> = new Set(["blob"]);

/**
 * An output of any other type than Dapr's. One item or several, each reaches the binding as it was added.
 *
 * @see https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script/Binding/FunctionBinding.cs
 */
export function genericWriter(output: GenericBinding<"out">, where: string): OutputWriter {
  return streams.has(output.type.toLowerCase()) ? streamWriter(output, where) : collectorWriter(output, where);
}

/** Takes one item. The host would write a number as its bytes in memory, so that all but bytes goes as text. */
function streamWriter({ name, type }: GenericBinding<"out">, where: string): OutputWriter {
  return {
    takesOne: true,
    toMessage({ value }, _invocation, index) {
      if (index > 0) throw badItem(where, undefined, `a ${type} takes one value, and this is another; add one`);
      const item = itemValue(value, where);
      return typeof item === "string" || item instanceof Uint8Array ? item : JSON.stringify(item);
    },
    write: ([message], invocation) => set(invocation, name, message),
  };
}

/**
 * Sends a list whatever the number of items: a lone value would be a list of its members if it is one, and a lone text
 * is parsed where it looks like JSON. Bytes only pass alone, since a list crosses to the host as JSON.
 */
function collectorWriter({ name }: GenericBinding<"out">, where: string): OutputWriter {
  const begunWithBytes = new WeakSet<Invocation>();
  return {
    toMessage({ value }, invocation, index) {
      const item = itemValue(value, where);
      const isBytes = item instanceof Uint8Array;
      if (index > 0 && (isBytes || begunWithBytes.has(invocation))) {
        const what = "the worker passes bytes only when they are the one item of an output";
        throw badItem(where, undefined, `${what}; add one item, or text such as base64`);
      }
      if (isBytes) begunWithBytes.add(invocation);
      return item;
    },
    write: (messages, invocation) => set(invocation, name, messages[0] instanceof Uint8Array ? messages[0] : messages),
  };
}

/** Bytes as they are, else a value that JSON can carry. */
function itemValue(value: unknown, where: string): unknown {
  if (value === undefined || value === null) {
    throw badItem(where, undefined, `the Functions host takes ${String(value)} as nothing; add a value`);
  }
  return bytesOf(value) ?? jsonCopy(value, where, undefined);
}

function set(invocation: Invocation, name: string, value: unknown): Promise<void> {
  bindingsOf(invocation).setOutput(name, value);
  return Promise.resolve();
}
