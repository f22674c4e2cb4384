/**
 * One way to write the app that the benchmark measures. Each serves the same paths and does the same work correctly:
 * malformed JSON is 400, a failed request to the sidecar is 500, what succeeds is 200.
 *
 * - `POST /echo` answers its payload
 * - `POST /save-order` saves the payload under its id
 * - `POST /invoke-other` invokes method `accept` of app `other` with the payload
 * - `POST /call-binding` gives the payload to operation `create` of binding `ledger`
 * - `POST /relay` takes an event and publishes its data to topic `copies` under the data's own id
 */
export interface Contestant {
  /** Resolves with the port of the app once it answers. */
  start(sidecarPort: number): Promise<number>;
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
