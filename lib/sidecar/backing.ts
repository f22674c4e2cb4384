import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { DefinitionError } from "../model/errors.js";
import { messageOf } from "../model/thrown.js";
import type { Inspector } from "../inspector/inspector.js";
import type { AppChannel } from "./app/app-channel.js";
import { InMemoryBus } from "./components/in-memory-bus.js";
import { componentProblem } from "./components/manifests.js";
import type { Item, Items } from "./components/state-store.js";

/**
 * What stands behind the components of a sidecar, and behind those of all sidecars of a mesh: one broker for each pubsub
 * component's name, one store for each state store's, and the apps that can be called.
 */
export class Backing {
  /** By app id. */
  readonly apps = new Map<string, AppChannel>();
  readonly #buses = new Map<string, InMemoryBus>();
  readonly #stores = new Map<string, Items>();
  readonly #file: StateFile | undefined;

  /** @throws DefinitionError `component-invalid` for a state file that cannot be read */
  constructor(
    stateFile?: string,
    readonly inspector?: Inspector,
  ) {
    if (stateFile === undefined) return;
    this.#file = new StateFile(stateFile, this.#stores);
  }

  bus(pubsubName: string): InMemoryBus {
    let bus = this.#buses.get(pubsubName);
    if (bus === undefined) this.#buses.set(pubsubName, (bus = new InMemoryBus(this.#tap(pubsubName))));
    return bus;
  }

  items(storeName: string): Items {
    let items = this.#stores.get(storeName);
    if (items === undefined) this.#stores.set(storeName, (items = new Map()));
    return items;
  }

  #tap(pubsub: string): ConstructorParameters<typeof InMemoryBus>[0] {
    const { inspector } = this;
    if (inspector === undefined) return undefined;
    return (topic, { data }) => inspector.published(pubsub, topic, data);
  }

  /** To be called when items have changed. */
  readonly onChange = (): void => this.#file?.saveSoon();

  /** Writes what is to persist. */
  close(): void {
    this.#file?.save();
  }
}

/** Milliseconds in which several changes become one write. */
const saveDelay = 200;

/** The stores as one JSON file: `{ "<store>": { "<key>": { value, etag, expires } } }`. */
class StateFile {
  #timer: NodeJS.Timeout | undefined;
  #isChanged = false;

  constructor(
    private readonly path: string,
    private readonly stores: Map<string, Items>,
  ) {
    try {
      for (const [store, items] of Object.entries(readStores(path))) stores.set(store, new Map(Object.entries(items)));
    } catch (error) {
      const message = `the state file ${path} cannot be read: ${messageOf(error)}; correct it or remove it`;
      throw new DefinitionError([componentProblem(message, path)], { cause: error });
    }
  }

  saveSoon(): void {
    this.#isChanged = true;
    this.#timer ??= setTimeout(() => this.save(), saveDelay).unref();
  }

  /** The file is whole at any moment: it is written beside its place, and then takes it. */
  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const now = Date.now();
    const isAlive = ([, { expires }]: [string, Item]) => expires === undefined || expires > now;
    const stores = [...this.stores].map(([name, items]) => [name, Object.fromEntries([...items].filter(isAlive))]);
    const beside = `${this.path}.${process.pid}.tmp`;
    writeFileSync(beside, `${JSON.stringify(Object.fromEntries(stores), undefined, 1)}\n`, { mode: 0o600 });
    renameSync(beside, this.path);
  }
}

function readStores(path: string): Record<string, Record<string, Item>> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  const stores = JSON.parse(text) as unknown;
  if (!isObject(stores)) throw new Error("it holds no JSON object");
  for (const [store, items] of Object.entries(stores)) {
    if (!isObject(items)) throw new Error(`"${store}" is not an object of keys`);
    for (const [key, item] of Object.entries(items)) {
      if (!isItem(item)) throw new Error(`"${key}" of "${store}" is not an item with value and etag`);
    }
  }
  return stores as Record<string, Record<string, Item>>;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isItem(item: unknown): boolean {
  return (
    isObject(item) &&
    typeof item["value"] === "string" &&
    typeof item["etag"] === "string" &&
    (item["expires"] === undefined || typeof item["expires"] === "number")
  );
}
