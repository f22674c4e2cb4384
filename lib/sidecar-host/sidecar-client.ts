import type { CallOptions, DaprClient } from "../client/dapr-client.js";
import type { ClientOpener } from "../invocation/binding-host.js";
import type { DaprSidecar } from "../model/bindings.js";
import { InvocationError } from "../model/errors.js";
import { callWithin } from "./app-client.js";
import { callOptions, type BindingPlace } from "./options.js";

/**
 * The sidecar's API bound to an invocation: each request has the invocation's trace and signal and the binding's
 * address, unless it says otherwise itself. Requests are refused once the invocation has ended.
 */
export function sidecarClientOpener(client: DaprClient, place: BindingPlace<DaprSidecar>): ClientOpener {
  return {
    open(invocation) {
      let isClosed = false;
      const within = <T extends CallOptions>(method: string, request: T | undefined): T => {
        if (isClosed) {
          const message = `${place.where}: ${method}() came after the invocation had ended; await what leads to it`;
          invocation.context.error(message);
          throw new InvocationError("ERR_COLLECTOR_CLOSED", message);
        }
        const { signal, timeout, ...rest } = request ?? ({} as T);
        return { ...callWithin(callOptions(place, invocation), { signal, timeout }), ...rest } as T;
      };
      const bound: DaprClient = {
        saveState: async (request) => await client.saveState(within("saveState", request)),
        getState: async (request) => await client.getState(within("getState", request)),
        getBulkState: async (request) => await client.getBulkState(within("getBulkState", request)),
        deleteState: async (request) => await client.deleteState(within("deleteState", request)),
        transactState: async (request) => await client.transactState(within("transactState", request)),
        publish: async (request) => await client.publish(within("publish", request)),
        publishBulk: async (request) => await client.publishBulk(within("publishBulk", request)),
        invokeMethod: async (request) => await client.invokeMethod(within("invokeMethod", request)),
        invokeBinding: async (request) => await client.invokeBinding(within("invokeBinding", request)),
        getSecret: async (request) => await client.getSecret(within("getSecret", request)),
        metadata: async (request) => await client.metadata(within("metadata", request)),
        waitForOutbound: async (request) => await client.waitForOutbound(within("waitForOutbound", request)),
        // The connections are the app's, which other invocations use.
        close: () => Promise.resolve(),
      };
      return { client: bound, close: () => void (isClosed = true) };
    },
  };
}
