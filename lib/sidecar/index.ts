export { loadComponents, type Component, type ComponentValue } from "./components/components.js";
export { startSidecar, type Sidecar, type SidecarLog, type SidecarOptions } from "./sidecar.js";
export type { ReceivedRequest } from "./api/server.js";
