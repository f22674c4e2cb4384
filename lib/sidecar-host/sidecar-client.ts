import type { CallOptions, DaprClient } from "../client/dapr-client.js";
import type { ClientOpener } from "../invocation/binding-host.js";
import type { DaprSidecar } from "../model/bindings.js";
import { InvocationError } from "../model/errors.js";
import { callWithin } from "./app-client.js";
import { methodsOptions, type BindingPlace } from "./options.js";

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
        return { ...callWithin(methodsOptions(place, invocation), { signal, timeout }), ...rest } as T;
      };
      const watched = async <T>(method: string, call: () => Promise<T>): Promise<T> =>
        await (invocation.watch?.call?.(place.binding, async () => await call(), method) ?? call());
      const bound: DaprClient = {
        saveState: (request) => watched("saveState", () => client.saveState(within("saveState", request))),
        getState: (request) => watched("getState", () => client.getState(within("getState", request))),
        getBulkState: (request) => watched("getBulkState", () => client.getBulkState(within("getBulkState", request))),
        deleteState: (request) => watched("deleteState", () => client.deleteState(within("deleteState", request))),
        transactState: (request) =>
          watched("transactState", () => client.transactState(within("transactState", request))),
        publish: (request) => watched("publish", () => client.publish(within("publish", request))),
        publishBulk: (request) => watched("publishBulk", () => client.publishBulk(within("publishBulk", request))),
        invokeMethod: (request) => watched("invokeMethod", () => client.invokeMethod(within("invokeMethod", request))),
        invokeBinding: (request) =>
          watched("invokeBinding", () => client.invokeBinding(within("invokeBinding", request))),
        getSecret: (request) => watched("getSecret", () => client.getSecret(within("getSecret", request))),
        metadata: (request) => watched("metadata", () => client.metadata(within("metadata", request))),
        waitForOutbound: (request) =>
          watched("waitForOutbound", () => client.waitForOutbound(within("waitForOutbound", request))),
        // The connections are the app's, which other invocations use.
        close: () => Promise.resolve(),
      };
      return { client: bound, close: () => void (isClosed = true) };
    },
  };
}
