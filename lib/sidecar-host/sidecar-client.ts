import type { CallOptions, DaprClient } from "../client/dapr-client.js";
import type { ClientOpener } from "../invocation/binding-host.js";
import type { DaprSidecar } from "../model/bindings.js";
import { InvocationError } from "../model/errors.js";
import { sendWithin } from "./app-client.js";
import { methodsOptions, type BindingPlace } from "./options.js";

/**
 * The sidecar's API bound to an invocation: each request has the invocation's trace and signal and the binding's
 * address, unless it says otherwise itself. Requests are refused once the invocation has ended.
 */
export function sidecarClientOpener(client: DaprClient, place: BindingPlace<DaprSidecar>): ClientOpener {
  return {
    open(invocation) {
      let isClosed = false;
      const sent = async <R extends CallOptions, T>(
        method: string,
        request: R | undefined,
        send: (request: R) => Promise<T>,
      ): Promise<T> => {
        if (isClosed) {
          const message = `${place.where}: ${method}() came after the invocation had ended; await what leads to it`;
          invocation.context.error(message);
          throw new InvocationError("ERR_COLLECTOR_CLOSED", message);
        }
        const { signal, timeout, ...rest } = request ?? ({} as R);
        return await sendWithin(methodsOptions(place, invocation), { signal, timeout }, (call) =>
          send({ ...call, ...rest } as R),
        );
      };
      const watched = async <R extends CallOptions, T>(
        method: string,
        request: R | undefined,
        send: (request: R) => Promise<T>,
      ): Promise<T> => {
        const call = (): Promise<T> => sent(method, request, send);
        return await (invocation.watch?.call?.(place.binding, call, method, request ?? {}) ?? call());
      };
      const bound: DaprClient = {
        saveState: (request) => watched("saveState", request, (given) => client.saveState(given)),
        getState: (request) => watched("getState", request, (given) => client.getState(given)),
        getBulkState: (request) => watched("getBulkState", request, (given) => client.getBulkState(given)),
        deleteState: (request) => watched("deleteState", request, (given) => client.deleteState(given)),
        transactState: (request) => watched("transactState", request, (given) => client.transactState(given)),
        publish: (request) => watched("publish", request, (given) => client.publish(given)),
        publishBulk: (request) => watched("publishBulk", request, (given) => client.publishBulk(given)),
        invokeMethod: (request) => watched("invokeMethod", request, (given) => client.invokeMethod(given)),
        invokeBinding: (request) => watched("invokeBinding", request, (given) => client.invokeBinding(given)),
        getSecret: (request) => watched("getSecret", request, (given) => client.getSecret(given)),
        metadata: (request) => watched("metadata", request, (given) => client.metadata(given)),
        waitForOutbound: (request) => watched("waitForOutbound", request, (given) => client.waitForOutbound(given)),
        // The connections are the app's, which other invocations use.
        close: () => Promise.resolve(),
      };
      return { client: bound, close: () => void (isClosed = true) };
    },
  };
}
