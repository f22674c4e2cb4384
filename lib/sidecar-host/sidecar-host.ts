import { sidecarMaxRequestSize } from "../client/address.js";
import type { DaprClient } from "../client/dapr-client.js";
import type { ClientBinding, GenericBinding, InputBinding, OutputBinding } from "../model/bindings.js";
import { DefinitionError } from "../model/errors.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import type { BindingHost, ClientOpener, EntryStore, InputReader, OutputWriter } from "../invocation/binding-host.js";
import type { ValidationOptions } from "../payload/payload-type.js";
import { appClientOpener, sidecarCalls } from "./app-client.js";
import { KeyQueue } from "../invocation/key-queue.js";
import { bindingReader, bindingWriter } from "./bindings.js";
import { entryStore } from "./entries.js";
import { invokeReader, invokeWriter } from "./invocation.js";
import { bindingPlace } from "./options.js";
import { publishWriter } from "./pubsub.js";
import { secretReader } from "./secrets.js";
import { sidecarClientOpener } from "./sidecar-client.js";
import { RemovedKeys } from "./removed-keys.js";
import { stateReader, stateWriter } from "./state.js";
import { StateStores } from "./state-stores.js";

/**
 * Reads inputs from a Dapr sidecar and sends outputs to it. What an item leaves open comes from the decorator's
 * options, whose settings are resolved already and whose expressions are filled in each `add`.
 */
export class SidecarHost implements BindingHost {
  readonly #keys = new KeyQueue();
  readonly #stores: StateStores;
  readonly #removed = new RemovedKeys();

  /**
   * @param validation how payloads are validated that go to a callee whose class is known
   * @param maxRequestSize bytes of a request that the sidecar takes; `DAPR_MAX_BODY_SIZE`, else 4 MiB unless given
   * @throws DefinitionError `setting-invalid` for that variable
   */
  constructor(
    private readonly port: DaprClient,
    private readonly validation?: ValidationOptions,
    private readonly maxRequestSize = sidecarMaxRequestSize(),
  ) {
    this.#stores = new StateStores(port);
  }

  /** @throws DefinitionError for a binding that needs another host, or an option that cannot be right */
  reader(input: InputBinding, definition: FunctionDefinition): InputReader {
    if (input.generic === true) throw hostOnly(input, definition);
    switch (input.type) {
      case "daprState":
        return stateReader(this.port, bindingPlace(input, definition));
      case "daprSecret":
        return secretReader(this.port, bindingPlace(input, definition));
      case "daprInvoke":
        return invokeReader(this.port, bindingPlace(input, definition));
      case "daprBinding":
        return bindingReader(this.port, bindingPlace(input, definition));
    }
  }

  /** @throws as {@link reader} */
  writer(output: OutputBinding, definition: FunctionDefinition): OutputWriter {
    if (output.generic === true) throw hostOnly(output, definition);
    // A message of one writer is only ever given back to that writer.
    switch (output.type) {
      case "daprState":
        return stateWriter(this.port, bindingPlace(output, definition), this.maxRequestSize) as OutputWriter;
      case "daprPublish":
        return publishWriter(this.port, bindingPlace(output, definition), this.maxRequestSize) as OutputWriter;
      case "daprInvoke":
        return invokeWriter(this.port, bindingPlace(output, definition), this.maxRequestSize) as OutputWriter;
      case "daprBinding":
        return bindingWriter(this.port, bindingPlace(output, definition), this.maxRequestSize) as OutputWriter;
    }
  }

  /** @throws as {@link reader} */
  entries(definition: FunctionDefinition): EntryStore {
    const places = definition.entries.map((entry) => bindingPlace(entry, definition));
    return entryStore(this.port, places, this.#keys, this.maxRequestSize, this.#stores, this.#removed) as EntryStore;
  }

  /** @throws as {@link reader} */
  client(binding: ClientBinding, definition: FunctionDefinition): ClientOpener {
    switch (binding.type) {
      case "daprApp": {
        const place = bindingPlace(binding, definition);
        return appClientOpener(place, sidecarCalls(this.port, place), this.validation);
      }
      case "daprSidecar":
        return sidecarClientOpener(this.port, bindingPlace(binding, definition));
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
