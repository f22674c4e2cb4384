import type { DaprClient, InvokeBindingRequest } from "../client/dapr-client.js";
import { outputTypes } from "../model/binding-table.js";
import type { BindingRecord } from "../model/binding-record.js";
import type { DaprBindingInput, DaprBindingOutput } from "../model/bindings.js";
import type { JsonText } from "../model/json.js";
import type { InputReader, OutputWriter } from "../invocation/binding-host.js";
import { enc } from "../client/paths.js";
import { guessedValue, nothingAnswered } from "./answers.js";
import {
  callOptions,
  compileInputOption,
  compileItemOption,
  compileMap,
  compileValue,
  type BindingPlace,
} from "./options.js";
import { refuseTooLarge } from "./request-size.js";
import { jsonValue, sendInOrder } from "./values.js";

/** A class, as `StateEntry` of `state.ts` says. */
class BindingMessage {
  constructor(
    readonly bindingName: string,
    readonly operation: string,
    readonly data: JsonText | undefined,
    readonly metadata: InvokeBindingRequest["metadata"],
  ) {}
}

const { bindingName: nameRule, operation: operationRule } = outputTypes.daprBinding.overrides;

export function bindingReader(client: DaprClient, place: BindingPlace<DaprBindingInput>): InputReader {
  const { binding, where, call } = place;
  const bindingNameOf = compileInputOption(place, "bindingName", binding.bindingName, nameRule.missing);
  const operationOf = compileInputOption(place, "operation", binding.operation, operationRule.missing);
  const dataOf = compileValue(place, "data", binding.data);
  const metadataOf = compileMap(place, "metadata", binding.metadata);
  return {
    async read(invocation) {
      const bindingName = bindingNameOf(invocation);
      const operation = operationOf(invocation);
      const data = dataOf(invocation);
      const { body, metadata } = await client.invokeBinding({
        ...callOptions(place, invocation),
        bindingName,
        operation,
        data: data === undefined ? undefined : jsonValue(data, where, "data"),
        metadata: metadataOf(invocation),
      });
      const value = guessedValue(body);
      if (value === undefined && binding.required === true) {
        const request = `POST /v1.0/bindings/${enc(bindingName)}`;
        const what = `${call.binding}, ${request}: the component answered nothing to ${operation}`;
        throw nothingAnswered(what, request, call.daprAddress ?? "the sidecar");
      }
      return binding.record === true ? ({ data: value, metadata } satisfies BindingRecord) : value;
    },
  };
}

/** @param limit bytes of a request that the sidecar takes */
export function bindingWriter(
  client: DaprClient,
  place: BindingPlace<DaprBindingOutput>,
  limit: number,
): OutputWriter<BindingMessage> {
  const { binding, where } = place;
  const bindingNameOf = compileItemOption(place, "bindingName", binding.bindingName, nameRule.missing);
  const operationOf = compileItemOption(place, "operation", binding.operation, operationRule.missing);
  return {
    toMessage(item, invocation) {
      const { value } = item;
      // Operations such as list take none; the extension cannot call them.
      const data = value === undefined || value === null ? undefined : jsonValue(value, where, "data");
      if (data !== undefined) {
        refuseTooLarge(where, "data", limit, 3 * data.text.length, (json) => Buffer.byteLength(json) + 256, data.text);
      }
      const metadata = item.overrides["metadata"] as InvokeBindingRequest["metadata"];
      return new BindingMessage(bindingNameOf(item, invocation), operationOf(item, invocation), data, metadata);
    },
    write(messages, invocation) {
      return sendInOrder(messages, place, invocation, ({ bindingName, operation, data, metadata }, call) => {
        const { binding: name, daprAddress, signal, traceHeaders } = call;
        return client.invokeBinding({
          bindingName,
          operation,
          data,
          metadata,
          discard: true,
          binding: name,
          daprAddress,
          signal,
          traceHeaders,
        });
      });
    },
  };
}
