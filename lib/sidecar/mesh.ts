import { Backing } from "./backing.js";
import { missing, notice, openSidecar, type Sidecar, type SidecarLog, type SidecarOptions } from "./sidecar.js";
import { refuseUnsupportedRuntime } from "./runtime.js";

/** One application of a mesh. */
export interface MeshApp extends Pick<SidecarOptions, "appId" | "appPort" | "port" | "apiToken" | "appToken"> {
  /** What this app sees in place of the mesh's `components`. */
  readonly components?: SidecarOptions["components"] | undefined;
}

/** What {@link startMesh} takes. */
export interface MeshOptions extends Pick<SidecarOptions, "stateFile" | "standIns" | "log"> {
  /** The applications, each beside a sidecar of its own. */
  readonly apps: readonly MeshApp[];
  /** What every app sees, as far as scopes let it; nothing unless given. */
  readonly components?: SidecarOptions["components"] | undefined;
  /** @internal Its page is served by each sidecar. */
  readonly inspector?: SidecarOptions["inspector"];
}

/** Sidecars of several applications in one process. */
export interface Mesh {
  /** By app id, in the order given. */
  readonly sidecars: ReadonlyMap<string, Sidecar>;
  /** Stops the sidecars. */
  close(): Promise<void>;
}

/**
 * Starts a sidecar for each of several applications, in this process. They call each other by app id; a pubsub component
 * of one name is one broker for all of them, and a state store of one name is one store, whose keys have the prefix that
 * the component's `keyPrefix` says: the app id, unless it says otherwise.
 *
 * @example
 * const mesh = await startMesh({ apps: [{ appId: "orders" }, { appId: "inventory" }], components: "resources" });
 * const app = await serve([OrderFunctions], { daprUrl: mesh.sidecars.get("orders")!.url });
 * await mesh.sidecars.get("orders")!.connect(app);
 *
 * @throws DefinitionError `component-invalid` for components that cannot be used, `address-in-use` for a taken port.
 */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { apps, components = [], stateFile, standIns, inspector, log = console } = options;
  refuseUnsupportedRuntime();
  if (!Array.isArray(apps))
    throw missing(`the mesh has no apps; give a list of them: startMesh({ apps: [{ appId: "orders" }], … })`);
  log.info(notice);
  const backing = new Backing(stateFile, inspector, log);
  const sidecars = new Map<string, Sidecar>();
  const close = async () => {
    await Promise.all([...sidecars.values()].map((sidecar) => sidecar.close()));
    backing.close();
  };
  try {
    for (const app of apps) {
      if (sidecars.has(app.appId)) throw new Error(`two applications have the id "${app.appId}"; give each its own`);
      const own = { components, standIns, ...app, log: apps.length > 1 ? prefixed(log, app.appId) : log };
      sidecars.set(app.appId, await openSidecar({ ...own, components: app.components ?? components }, backing));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { sidecars, close };
}

/** Several sidecars write to one log. */
function prefixed(log: SidecarLog, appId: string): SidecarLog {
  return {
    info: (line: string) => log.info(`${appId}: ${line}`),
    warn: (line: string) => log.warn(`${appId}: ${line}`),
  };
}
