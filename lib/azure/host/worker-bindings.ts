import type { DaprClient } from "../../client/dapr-client.js";
import { HttpDaprClient } from "../../client/http/http-dapr-client.js";
import type { BindingHost, InputReader, OutputWriter } from "../../invocation/binding-host.js";
import type { InputBinding, OutputBinding } from "../../model/bindings.js";
import type { Problem } from "../../model/errors.js";
import type { FlushMode, FunctionDefinition } from "../../model/function-definition.js";
import { readSettings, settingSources } from "../../serve/settings.js";
import type { ValidationOptions } from "../../payload/payload-type.js";
import { SidecarHost } from "../../sidecar-host/sidecar-host.js";
import { resolveWorkerSettings } from "../app/served-by.js";
import { AzureHost } from "./azure-host.js";

/** How the worker serves bindings, where it does: with `bindings: "sidecar"`. */
export interface WorkerOptions {
  /** URL of the sidecar; `DAPR_HTTP_ENDPOINT`, then 127.0.0.1 with `DAPR_HTTP_PORT`, then port 3500. */
  readonly daprUrl?: string | undefined;
  /** Speaks to the sidecar in place of the library's own client. */
  readonly client?: DaprClient | undefined;
  /** Values of `%name%`, before those of the environment and of local.settings.json. */
  readonly settings?: Readonly<Record<string, string | undefined>> | undefined;
  /** Milliseconds for one request to the sidecar; `DAPR_API_TIMEOUT_SECONDS`, then 100,000. */
  readonly timeout?: number | undefined;
  /** Bytes of a request that the sidecar takes; `DAPR_MAX_BODY_SIZE`, then 4 MiB. */
  readonly maxRequestSize?: number | undefined;
  /** How the outputs of one invocation are sent: `"ordered"` (unless given) or `"parallel"`, side by side. */
  readonly flush?: FlushMode | undefined;
}

/** Functions whose Dapr inputs and outputs the worker serves, ready to be compiled. */
export interface WorkerBindings {
  /** With the settings in, but for those of triggers. */
  readonly definitions: readonly FunctionDefinition[];
  readonly problems: readonly Problem[];
  /** To be asked for where there is no error. */
  readonly host: (validation: ValidationOptions) => BindingHost;
}

export function workerBindings(definitions: readonly FunctionDefinition[], options: WorkerOptions): WorkerBindings {
  // The port and the address that an app listens on are the extension's business here.
  const { daprUrl, timeout, maxRequestSize, flush } = options;
  const { settings, problems } = readSettings({
    daprUrl,
    timeout,
    maxRequestSize,
    flush,
    port: 0,
    host: "127.0.0.1",
    routePrefix: "api",
  });
  const resolved = resolveWorkerSettings(definitions, settingSources(options.settings));
  return {
    definitions: resolved.definitions,
    problems: [...problems, ...resolved.problems],
    host: (validation) => new WorkerHost(options.client ?? clientFor(settings), validation, settings.maxRequestSize),
  };
}

/** One client per sidecar and process, whichever folders and calls ask for it; it lives as long as the worker. */
const clients = new Map<string, HttpDaprClient>();

function clientFor({ daprUrl: url, timeout }: { readonly daprUrl: string; readonly timeout: number }): DaprClient {
  const key = `${url} ${timeout}`;
  let client = clients.get(key);
  if (client === undefined) clients.set(key, (client = new HttpDaprClient({ url, timeout })));
  return client;
}

/** The sidecar's host, which leaves to the Functions host what is not Dapr's. */
class WorkerHost extends SidecarHost {
  readonly #functionsHost = new AzureHost();

  override reader(input: InputBinding, definition: FunctionDefinition): InputReader {
    return input.generic === true ? this.#functionsHost.reader(input) : super.reader(input, definition);
  }

  override writer(output: OutputBinding, definition: FunctionDefinition): OutputWriter {
    return output.generic === true ? this.#functionsHost.writer(output, definition) : super.writer(output, definition);
  }
}
