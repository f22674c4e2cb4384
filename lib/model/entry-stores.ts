const keepsNone = "keeps no etags";
const overwritesNew = "writes over a key that another has just made";

/**
 * State stores on which updates of entries would be lost, and what they do; by the component's type. All but the first
 * eight say of themselves that they have etags.
 *
 * @see https://docs.dapr.io/reference/components-reference/supported-state-stores/
 * @see https://github.com/dapr/components-contrib/tree/v1.18.4/state
 */
const unfitStores: ReadonlyMap<string, string> = new Map([
  ...[
    "state.cassandra",
    "state.cloudflare.workerskv",
    "state.consul",
    "state.gcp.firestore",
    "state.hazelcast",
    "state.jetstream",
    "state.memcached",
    "state.rethinkdb",
  ].map((type) => [type, keepsNone] as const),
  // It compares, then writes in a transaction of which it does not ask whether the comparison held there: of 800 increments
  // that four clients had acknowledged 335 were stored.
  ["state.etcd", "calls a write done that came too late for its etag"],
  ["state.alicloud.tablestore", "does not compare etags"],
  // What has no etag they write anyhow, whatever `first-write` says.
  ["state.aerospike", overwritesNew],
  ["state.couchbase", overwritesNew],
  ["state.ravendb", overwritesNew],
  ["state.zookeeper", overwritesNew],
]);

/**
 * Why a store cannot keep state entries, as what follows its name: `keeps no etags, so that …`. Undefined for one that can.
 *
 * @param type `state.memcached`; undefined where it is not known
 * @param hasEtags what its sidecar says of it, where one does
 */
export function unfitForEntries(type: string | undefined, hasEtags?: boolean): string | undefined {
  const flaw = hasEtags === false ? keepsNone : unfitStores.get(type ?? "");
  return flaw === undefined ? undefined : `${flaw}, so that updates could be lost`;
}

/** What a store does in whose transactions a removal heeds no etag; undefined for one whose do. */
export function looseRemovals(type: string | undefined): string | undefined {
  return type === "state.aws.dynamodb" ? "removes a key in a transaction though another has changed it" : undefined;
}
