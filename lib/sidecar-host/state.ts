import type { DaprClient, StateRemoval, StateItem, StateOperation } from "../client/dapr-client.js";
import { enc } from "../client/paths.js";
import { badItem } from "../collectors/message.js";
import { outputTypes } from "../model/binding-table.js";
import type { DaprStateInput, DaprStateOutput } from "../model/bindings.js";
import type { OutputItem } from "../model/collector.js";
import { SidecarError } from "../model/errors.js";
import type { StateRecord } from "../model/invocation.js";
import { WriteError, type InputReader, type Invocation, type OutputWriter } from "../invocation/binding-host.js";
import { callOptions, compileInputOption, compileItemOption, type BindingPlace } from "./options.js";
import { asError, jsonValue, sendInOrder } from "./values.js";

const { stateStore: storeRule, key: keyRule } = outputTypes.daprState.overrides;

/** Dapr divides its own prefix from the key with it and answers 400 to a key that holds it. */
const divider = "||";

export function stateReader(client: DaprClient, place: BindingPlace<DaprStateInput>): InputReader {
  const { binding, where } = place;
  const storeOf = compileInputOption(place, "stateStore", binding.stateStore, storeRule.missing);
  const keyOf = compileInputOption(place, "key", binding.key ?? "", keyRule.missing);
  return {
    async read(invocation) {
      const stateStore = storeOf(invocation);
      const key = keyOf(invocation);
      if (key.includes(divider)) throw badItem(where, "key", dividerProblem);
      const { binding: name, daprAddress, signal, traceHeaders } = callOptions(place, invocation);
      const request = { stateStore, key, binding: name, daprAddress, signal, traceHeaders };
      const { value, etag } = await client.getState(request);
      // Deviation from the extension, which fails for any key that is missing.
      if (value === undefined && binding.required === true) throw missingKey(place, stateStore, key);
      return binding.record === true ? ({ key, value, etag } satisfies StateRecord) : value;
    },
  };
}

const dividerProblem = `must not hold "${divider}", which Dapr refuses in keys`;

function missingKey({ call }: BindingPlace<DaprStateInput>, stateStore: string, key: string): SidecarError {
  const operation = `GET /v1.0/state/${enc(stateStore)}/${enc(key)}`;
  return new SidecarError({
    status: 404,
    errorCode: "ERR_NO_CONTENT",
    message: `${call.binding}, ${operation}: no key "${key}" in the state store "${stateStore}"`,
    operation,
    target: call.daprAddress ?? "the sidecar",
  });
}

interface StateMessage {
  readonly stateStore: string;
  readonly change: StateOperation;
}

export function stateWriter(client: DaprClient, place: BindingPlace<DaprStateOutput>): OutputWriter<StateMessage> {
  const { binding, where } = place;
  const storeOf = compileItemOption(place, "stateStore", binding.stateStore, storeRule.missing);
  const keyOf = compileItemOption(place, "key", binding.key, keyRule.missing);
  const transactions = binding.transaction === true ? new WeakMap<Invocation, string>() : undefined;
  return {
    toMessage(item, invocation) {
      const stateStore = storeOf(item, invocation);
      const key = keyOf(item, invocation);
      if (key.includes(divider)) throw badItem(where, "key", dividerProblem);
      const change = item.verb === "remove" ? removalOf(item, key) : saveOf(item, key, where);
      const store = transactions?.get(invocation) ?? stateStore;
      if (store !== stateStore) {
        throw badItem(where, "stateStore", `a transaction has one store; this one began with "${store}"`);
      }
      transactions?.set(invocation, store);
      return { stateStore, change };
    },
    async write(messages, invocation) {
      const call = callOptions(place, invocation);
      if (transactions !== undefined) {
        const { stateStore } = messages[0]!;
        const operations = messages.map(({ change }) => change);
        return await sendInOrder([operations], () => client.transactState({ ...call, stateStore, operations }));
      }
      let sent = 0;
      for (const { stateStore, first, entries, removal } of requestsOf(messages)) {
        const { binding: name, daprAddress, signal, traceHeaders } = call;
        try {
          if (removal !== undefined) await client.deleteState({ ...call, stateStore, ...removal });
          else await client.saveState({ stateStore, entries, binding: name, daprAddress, signal, traceHeaders });
        } catch (error) {
          // Dapr does not take back the entries that it saved before another one failed.
          const hint = entries.length > 1 ? "other entries of the request may be stored" : undefined;
          throw new WriteError(sent, first, asError(error), hint);
        }
        sent += removal === undefined ? entries.length : 1;
      }
    },
  };
}

function saveOf({ value, overrides }: OutputItem, key: string, where: string): StateOperation {
  if (overrides["event"] !== undefined) {
    throw badItem(where, "event", "only an output with outbox: true publishes one; leave it out");
  }
  const request = {
    key,
    value: jsonValue(value, where, "value"),
    etag: overrides["etag"] as string | undefined,
    metadata: overrides["metadata"] as StateItem["metadata"],
    options: overrides["options"] as StateItem["options"],
  };
  return { operation: "upsert", request };
}

function removalOf({ overrides }: OutputItem, key: string): StateOperation {
  const { etag, metadata, options } = overrides as Pick<StateRemoval, "etag" | "metadata" | "options">;
  return { operation: "delete", request: { key, etag, metadata, options } };
}

/** One request: entries to save, or a removal. */
interface StateRequest {
  readonly stateStore: string;
  /** Position of its first message. */
  readonly first: number;
  readonly entries: StateItem[];
  readonly keys: Set<string>;
  readonly removal?: StateRemoval;
}

/**
 * Groups messages by store, in order; the extension sends them in reverse, and a key twice. Dapr saves the entries of one request side by side and of two with one key keeps the first,
 * so a key that a store's open request already has opens the next one, and so does a removal.
 */
function requestsOf(messages: readonly StateMessage[]): StateRequest[] {
  const requests: StateRequest[] = [];
  const open = new Map<string, StateRequest>();
  messages.forEach(({ stateStore, change }, first) => {
    if (change.operation === "delete") {
      requests.push({ stateStore, first, entries: [], keys: new Set(), removal: change.request });
      open.delete(stateStore);
      return;
    }
    let request = open.get(stateStore);
    if (request === undefined || request.keys.has(change.request.key)) {
      request = { stateStore, first, entries: [], keys: new Set() };
      requests.push(request);
      open.set(stateStore, request);
    }
    request.entries.push(change.request);
    request.keys.add(change.request.key);
  });
  return requests;
}
