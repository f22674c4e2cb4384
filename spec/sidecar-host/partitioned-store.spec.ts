import {
  DaprServiceInvocationTrigger,
  DaprState,
  DaprStateInput,
  DaprStateOutput,
  serve,
  type App,
  type StateCollector,
  type StateEntry,
} from "../../lib/index.js";
import { recordingSidecar, type RecordedRequest, type RecordingSidecar } from "../support/recording-sidecar.js";

interface Item {
  readonly key: string;
  readonly value?: unknown;
  readonly etag?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A store that keys by partition as Cosmos DB's component does: a single request looks in the partition of its metadata,
 * else in that of its key, a transaction in the one of its own metadata, else in "".
 *
 * @see https://github.com/dapr/components-contrib/blob/v1.18.4/state/azure/cosmosdb/cosmosdb.go
 */
class PartitionedStore {
  readonly #items = new Map<string, { value: unknown; etag: number }>();
  #etag = 0;

  answer({ method, path, body }: RecordedRequest): {
    status?: number;
    headers?: Record<string, string>;
    body?: string;
  } {
    const { pathname, searchParams } = new URL(path, "http://sidecar");
    const [, , api, , key] = pathname.split("/");
    if (api !== "state") return { body: "{}" };
    const asked = searchParams.get("metadata.partitionKey") ?? undefined;
    if (method === "GET") {
      const found = this.#items.get(at(asked ?? key!, key!));
      if (found === undefined) return { status: 204 };
      return { headers: { etag: String(found.etag) }, body: JSON.stringify(found.value) };
    }
    if (method === "DELETE") return this.#remove(asked ?? key!, key!);
    if (key === "transaction") {
      const { operations, metadata } = JSON.parse(body) as {
        operations: { operation: string; request: Item }[];
        metadata?: Record<string, string>;
      };
      const partition = metadata?.["partitionKey"] ?? "";
      for (const { operation, request } of operations) {
        if (operation === "delete") this.#remove(partition, request.key);
        else this.#save(partition, request);
      }
      return { status: 204 };
    }
    for (const item of JSON.parse(body) as Item[]) {
      const partition = item.metadata?.["partitionKey"] ?? item.key;
      const now = this.#items.get(at(partition, item.key));
      if (item.etag !== undefined && item.etag !== String(now?.etag)) return { status: 409 };
      this.#save(partition, item);
    }
    return { status: 204 };
  }

  #save(partition: string, { key, value }: Item): void {
    this.#items.set(at(partition, key), { value, etag: ++this.#etag });
  }

  #remove(partition: string, key: string): { status: number } {
    this.#items.delete(at(partition, key));
    return { status: 204 };
  }
}

function at(partition: string, key: string): string {
  return `${partition}/${key}`;
}

const place = { stateStore: "cosmos", key: "{id}", metadata: { partitionKey: "{tenant}" } };

interface Call {
  readonly id: string;
  readonly tenant: string;
}

class Tenants {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", ...place })
  save({ id }: Call, { out }: { out: StateCollector<string> }): void {
    out.add(`saved ${id}`);
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", transaction: true, ...place })
  transact({ id }: Call, { out }: { out: StateCollector<string> }): void {
    out.add(`transacted ${id}`);
  }

  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "found", ...place })
  read(_: Call, { found }: { found: string | undefined }): string | null {
    return found ?? null;
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "entry", ...place })
  change(_: Call, { entry }: { entry: StateEntry<string> }): void {
    entry.set(`${entry.value ?? "nothing"}, changed`);
  }

  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "out", ...place })
  remove(_: Call, { out }: { out: StateCollector<string> }): void {
    out.remove();
  }

  @DaprServiceInvocationTrigger()
  @DaprState({ name: "first", stateStore: "cosmos", key: "{id}", metadata: { partitionKey: "{tenant}" } })
  @DaprState({ name: "second", stateStore: "cosmos", key: "{id}-2", metadata: { partitionKey: "{tenant}" } })
  both(_: Call, { first, second }: { first: StateEntry<string>; second: StateEntry<string> }): void {
    first.set("one");
    second.set("two");
  }
}

let sidecar: RecordingSidecar;
let app: App;

beforeEach(async () => {
  const store = new PartitionedStore();
  sidecar = await recordingSidecar();
  sidecar.answer = (request) => store.answer(request);
  const log = { info() {}, warn() {}, error() {}, debug() {} };
  app = await serve([Tenants], { port: 0, daprUrl: sidecar.url, log });
});

afterEach(async () => {
  await app.close();
  await sidecar.close();
});

async function called(name: keyof Tenants, id = "41", tenant = "eu"): Promise<unknown> {
  const response = await fetch(`${app.url}/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id, tenant }),
  });
  const text = await response.text();
  expect([name, response.status, response.ok ? "" : text]).toEqual([name, 200, ""]);
  return text === "" ? undefined : JSON.parse(text);
}

describe("a store that keys by partition", () => {
  it.each(["save", "transact"] as const)("finds with a read what %s has stored", async (write) => {
    await called(write);
    expect(await called("read")).toMatch(/ed 41$/);
    expect(await called("read", "41", "us")).toBeNull();
  });

  it("changes what was stored, in its partition", async () => {
    await called("save");
    await called("change");
    expect(await called("read")).toBe("saved 41, changed");
    await called("change", "42");
    expect(await called("read", "42")).toBe("nothing, changed");
  });

  it("finds what several entries have stored as one", async () => {
    await called("both");
    expect([await called("read"), await called("read", "41-2")]).toEqual(["one", "two"]);
  });

  it("removes what was stored", async () => {
    await called("transact");
    await called("remove");
    expect(await called("read")).toBeNull();
  });
});
