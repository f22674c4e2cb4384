import type { DaprClient, InvokeBindingRequest } from "../client/dapr-client.js";
import { outputTypes } from "../model/binding-table.js";
import type { DaprBindingOutput } from "../model/bindings.js";
import type { OutputWriter } from "../invocation/binding-host.js";
import { callOptions, compileItemOption, type BindingPlace } from "./options.js";
import { jsonValue, sendInOrder } from "./values.js";

type BindingMessage = Pick<InvokeBindingRequest, "bindingName" | "operation" | "data" | "metadata">;

export function bindingWriter(
  client: DaprClient,
  place: BindingPlace<DaprBindingOutput>,
): OutputWriter<BindingMessage> {
  const { binding, where } = place;
  const rules = outputTypes.daprBinding.overrides;
  const bindingNameOf = compileItemOption(place, "bindingName", binding.bindingName, rules.bindingName.missing);
  const operationOf = compileItemOption(place, "operation", binding.operation, rules.operation.missing);
  return {
    toMessage(item, invocation) {
      const { value } = item;
      return {
        bindingName: bindingNameOf(item, invocation),
        operation: operationOf(item, invocation),
        // Operations such as list take none; the extension cannot call them.
        data: value === undefined || value === null ? undefined : jsonValue(value, where, "data"),
        metadata: item.overrides["metadata"] as InvokeBindingRequest["metadata"],
      };
    },
    async write(messages, invocation) {
      const { binding: name, daprAddress, signal, traceHeaders } = callOptions(place, invocation);
      await sendInOrder(messages, ({ bindingName, operation, data, metadata }) => {
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
