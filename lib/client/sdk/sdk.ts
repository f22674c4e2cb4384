/** The part of a client of `@dapr/dapr` that is used here. */
export interface DaprSdk {
  /** How it was made. */
  readonly options: {
    readonly daprHost: string;
    readonly daprPort: string;
    /** Of its `CommunicationProtocolEnum`: gRPC is 0, HTTP 1. */
    readonly communicationProtocol: number;
    readonly daprApiToken?: string | undefined;
  };
  /** Its connection. */
  readonly daprClient?: unknown;
  /** State management. */
  readonly state: {
    save(store: string, entries: object[]): Promise<unknown>;
    get(store: string, key: string, options?: object): Promise<unknown>;
    getBulk(store: string, keys: string[], options?: object): Promise<object[]>;
    delete(store: string, key: string, options?: object): Promise<unknown>;
    transaction(store: string, operations?: object[], metadata?: Record<string, string>): Promise<unknown>;
  };
  /** Publish and subscribe. */
  readonly pubsub: { publish(pubSub: string, topic: string, data?: object, options?: object): Promise<unknown> };
  /** Service invocation. */
  readonly invoker: {
    invoke(appId: string, method: string, verb: never, data?: object, options?: object): Promise<unknown>;
  };
  /** Bindings. */
  readonly binding: { send(name: string, operation: string, data?: unknown, metadata?: object): Promise<unknown> };
  /** Secrets. */
  readonly secret: { get(store: string, key: string, metadata?: string): Promise<object> };
  /** What the sidecar says of itself. */
  readonly metadata: { get(): Promise<unknown> };
  /** Connects. */
  start(): Promise<void>;
}

/** At debug level the package logs the headers of every request. */
export function hideToken({ options, daprClient }: DaprSdk): void {
  const { daprApiToken: token } = options;
  const logger = (daprClient as { logger?: { debug?: unknown } } | undefined)?.logger;
  if (token === undefined || token === "" || typeof logger?.debug !== "function") return;
  const debug = logger.debug.bind(logger) as (message: unknown, ...rest: unknown[]) => void;
  logger.debug = (message: unknown, ...rest: unknown[]) =>
    debug(typeof message === "string" ? message.replaceAll(token, "***") : message, ...rest);
}
