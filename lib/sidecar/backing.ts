import { accessSync, constants, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
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

  /** @throws DefinitionError `component-invalid` for a state file that cannot be read, or is where none can be written */
  constructor(
    stateFile: string | undefined,
    readonly inspector: Inspector | undefined,
    log: Pick<Console, "info" | "warn">,
  ) {
    if (stateFile === undefined) return;
    this.#file = new StateFile(stateFile, this.#stores, log);
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

  /** Writes what has changed. */
  save(): void {
    this.#file?.saveNow();
  }

  /** Writes what is to persist. */
  close(): void {
    this.#file?.close();
  }
}

/** Milliseconds in which several changes become one write. */
const saveDelay = 200;
/** Milliseconds until a write that failed is tried again. */
const retryDelay = 1000;

/** The stores as one JSON file: `{ "<store>": { "<key>": { value, etag, expires } } }`. */
class StateFile {
  #timer: NodeJS.Timeout | undefined;
  #isChanged = false;
  #hasFailed = false;

  constructor(
    private readonly path: string,
    private readonly stores: Map<string, Items>,
    private readonly log: Pick<Console, "info" | "warn">,
  ) {
    try {
      for (const [store, items] of Object.entries(readStores(path))) stores.set(store, new Map(Object.entries(items)));
    } catch (error) {
      const message = `the state file ${path} cannot be read: ${messageOf(error)}; correct it or remove it`;
      throw new DefinitionError([componentProblem(message, path)], { cause: error });
    }
    try {
      mkdirSync(dirname(path), { recursive: true });
      accessSync(dirname(path), constants.W_OK);
    } catch (error) {
      const message = `the state file ${path} cannot be written: ${messageOf(error)}; give it a folder that can be written`;
      throw new DefinitionError([componentProblem(message, path)], { cause: error });
    }
  }

  saveSoon(): void {
    this.#isChanged = true;
    this.#saveIn(saveDelay);
  }

  saveNow(): void {
    if (!this.#save()) this.#saveIn(retryDelay);
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#save()) return;
    this.log.warn(
      `the state file ${this.path} could not be written; what has changed since it was written last is lost`,
    );
  }

  #saveIn(delay: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#save()) this.#saveIn(retryDelay);
    }, delay).unref();
  }

  /** False where it could not be written: callers have their answers by now, and what they wrote is still in memory. */
  #save(): boolean {
    if (!this.#isChanged) return true;
    try {
      this.#write();
    } catch (error) {
      const why = `the state file ${this.path} could not be written: ${messageOf(error)}`;
      if (!this.#hasFailed) this.log.warn(`${why}; the state stays in memory, and the write is tried again`);
      this.#hasFailed = true;
      return false;
    }
    if (this.#hasFailed) this.log.info(`the state file ${this.path} is written again`);
    this.#hasFailed = false;
    this.#isChanged = false;
    return true;
  }

  /** The file is whole at any moment: it is written beside its place, and then takes it. */
  #write(): void {
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
