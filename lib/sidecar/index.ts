/**
 * A small sidecar for development and tests, in the same process as the app.
 *
 * @module dapr-functions/sidecar
 */
export { loadComponents, type Component, type ComponentValue } from "./components/components.js";
export { startSidecar, type Sidecar, type SidecarLog, type SidecarOptions } from "./sidecar.js";
export type { ReceivedRequest } from "./api/server.js";
export { startMesh, type Mesh, type MeshApp, type MeshOptions } from "./mesh.js";
