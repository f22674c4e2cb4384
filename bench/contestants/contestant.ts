/**
 * One way to write the app that the benchmark measures. Each serves the same paths and does the same work correctly:
 * malformed JSON is 400, a failed request to the sidecar is 500, what succeeds is 200.
 *
 * - `POST /echo` answers its payload
 * - `POST /save-order` saves the payload under its id
 * - `POST /read-order` answers what is saved under the payload's id
 * - `POST /invoke-other` invokes method `accept` of app `other` with the payload
 * - `POST /call-binding` gives the payload to operation `create` of binding `ledger`
 * - `POST /relay` takes an event of topic `relay` and publishes its data to topic `copies` under the data's own id
 * - `POST /save-items` saves each element of the payload under its id, all in one request
 * - `POST /publish-items` publishes each element to topic `items`, one after another
 * - `POST /publish-items-bulk` the same in one request; not with the SDK, whose bulk requests cannot be had
 *   equal
 * - `POST /api/orders/{id}` saves the payload under the id of the route; not DaprServer, which has no route parameters
 * - `POST /api/orders/{id}/lines/{line}` answers both parameters; not DaprServer either
 * - `POST /call-binding-items` gives each element to operation `create` of binding `ledger`, one after another
 */
export interface Contestant {
  /** Resolves once the app listens on its port. */
  start(sidecarPort: number, port: number, argument: string): Promise<unknown>;
}

export interface Order {
  readonly id: string;
  readonly [member: string]: unknown;
}

export interface OrderEvent {
  readonly id: string;
  readonly source: string;
  readonly data: Order;
}

/** How daprd is asked to gather events in bulk: without long waits for more. */
export const bulkSubscribe = { enabled: true, maxMessagesCount: 100, maxAwaitDurationMs: 20 };

/** Counts topic events, which no load generator sees arrive. */
export const seen = { events: 0 };
