import type { DaprClient } from "../client/dapr-client.js";
import type { GenericBinding, InputBinding, OutputBinding } from "../model/bindings.js";
import { DefinitionError } from "../model/errors.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import type { BindingHost, InputReader, OutputWriter } from "../invocation/binding-host.js";
import { bindingWriter } from "./bindings.js";
import { invokeWriter } from "./invocation.js";
import { bindingPlace, optionProblem } from "./options.js";
import { publishWriter } from "./pubsub.js";
import { secretReader } from "./secrets.js";
import { stateReader, stateWriter } from "./state.js";

/**
 * Reads inputs from a Dapr sidecar and sends outputs to it. What an item leaves open comes from the decorator's
 * options, whose settings are resolved already and whose expressions are filled in each `add`.
 */
export class SidecarHost implements BindingHost {
  constructor(private readonly client: DaprClient) {}

  /** @throws DefinitionError for a binding that needs another host, or an option that cannot be right */
  reader(input: InputBinding, definition: FunctionDefinition): InputReader {
    if (input.generic === true) throw hostOnly(input, definition);
    switch (input.type) {
      case "daprState":
        return stateReader(this.client, bindingPlace(input, definition));
      case "daprSecret":
        return secretReader(this.client, bindingPlace(input, definition));
      case "daprInvoke":
      case "daprBinding":
        throw optionProblem(
          bindingPlace(input, definition),
          "option-invalid",
          "type",
          "is not served yet; leave it out",
        );
    }
  }

  /** @throws as {@link reader} */
  writer(output: OutputBinding, definition: FunctionDefinition): OutputWriter {
    if (output.generic === true) throw hostOnly(output, definition);
    // A message of one writer is only ever given back to that writer.
    switch (output.type) {
      case "daprState":
        return stateWriter(this.client, bindingPlace(output, definition)) as OutputWriter;
      case "daprPublish":
        return publishWriter(this.client, bindingPlace(output, definition)) as OutputWriter;
      case "daprInvoke":
        return invokeWriter(this.client, bindingPlace(output, definition)) as OutputWriter;
      case "daprBinding":
        return bindingWriter(this.client, bindingPlace(output, definition)) as OutputWriter;
    }
  }
}

function hostOnly({ type, direction, name }: GenericBinding<"in" | "out">, definition: FunctionDefinition) {
  const binding = `${direction === "in" ? "input" : "output"} "${name}"`;
  return new DefinitionError([
    {
      code: "host-only",
      level: "error",
      class: definition.className,
      method: definition.methodName,
      binding,
      message: `${placeOf(definition)}, ${binding}: ${type} needs the Functions host; run it there or remove it`,
    },
  ]);
}
