import type { DaprClient } from "../client/dapr-client.js";
import { outputTypes } from "../model/binding-table.js";
import type { InputBinding, OutputBinding } from "../model/bindings.js";
import { compileTemplate, type BindingData } from "../expressions/template.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import type { BindingHost, InputReader, OutputWriter } from "../invocation/binding-host.js";
import { SidecarHost } from "../sidecar-host/sidecar-host.js";
import type { FakeItem, FakeOverrides, KeptItem } from "./fake-collector.js";
import { jsonCopy } from "./json-copy.js";

/**
 * The sidecar's host without a sidecar: inputs come from the test and items are kept. Options, items and expressions
 * are resolved and checked by the real host, so that a test meets every refusal that production would.
 */
export class FakeHost implements BindingHost {
  /** What the function added, by output. */
  readonly kept = new Map<string, readonly KeptItem[]>();

  constructor(private readonly inputs: Readonly<Record<string, unknown>>) {}

  reader(input: InputBinding, definition: FunctionDefinition): InputReader {
    const value = jsonCopy(this.inputs[input.name]);
    if (input.generic === true) return { read: () => Promise.resolve(value) };
    const isRecord = input.type === "daprState" && input.record === true;
    const stored = (isRecord ? value : { value }) as { value?: unknown; etag?: string | undefined } | undefined;
    const client: Pick<DaprClient, "getState" | "getSecret"> = {
      getState: () => Promise.resolve({ value: stored?.value, etag: stored?.etag }),
      getSecret: () => Promise.resolve(value as Record<string, string>),
    };
    const real = new SidecarHost(client as DaprClient).reader(checkable(input), definition);
    if (!isRecord || value === undefined) return real;
    return { read: (invocation) => real.read(invocation).then(() => value) };
  }

  writer(output: OutputBinding, definition: FunctionDefinition): OutputWriter<KeptItem> {
    const real = output.generic === true ? undefined : new SidecarHost(noClient).writer(checkable(output), definition);
    const targetOf = compileTarget(output);
    return {
      toMessage: (item, invocation, index) => {
        real?.toMessage(item, invocation, index);
        const target = { ...targetOf(invocation.bindingData), ...item.overrides };
        if (item.verb === "remove") return { item: undefined, target };
        const kept: FakeItem<unknown> = { value: jsonCopy(item.value), overrides: item.overrides };
        return { item: kept, target };
      },
      write: (messages) => {
        this.kept.set(output.name, messages);
        return Promise.resolve();
      },
    };
  }
}

const noClient = {} as DaprClient;

/** What the decorator says of where an item goes, by the names that an item overrides. */
function compileTarget(output: OutputBinding): (data: BindingData) => FakeOverrides {
  if (output.generic === true) return () => ({});
  const options = Object.keys(outputTypes[output.type].overrides).flatMap((name) => {
    const text: unknown = (output as unknown as Record<string, unknown>)[name];
    return typeof text === "string" ? [{ name, template: compileTemplate(text) }] : [];
  });
  return (data) => Object.fromEntries(options.map(({ name, template }) => [name, template.bind(data)]));
}

/**
 * A binding whose settings the test did not give, as the real host can take it: a name between `%` and `%` stands for
 * text that this host never sees, so nothing can be said of a path, a verb or an address made of it.
 */
function checkable<B extends InputBinding | OutputBinding>(binding: B): B {
  const { daprAddress: _, ...rest } = binding as B & { daprAddress?: unknown };
  const options = rest as Record<string, unknown>;
  for (const name of ["methodName", "httpVerb"]) {
    const text = options[name];
    if (typeof text !== "string" || !/%[^%]+%/.test(text)) continue;
    if (name === "httpVerb") delete options[name];
    else options[name] = text.replace(/%[^%]+%/g, "setting");
  }
  return options as unknown as B;
}
