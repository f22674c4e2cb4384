import type { Class } from "../model/payload-type.js";
import { ownPackages } from "./class-packages.js";
import type { PayloadPackages } from "./payload-packages.js";

/** How the decorators of a class were recorded. */
export interface Recording {
  /** True when the class was compiled with `experimentalDecorators`. */
  readonly isLegacy: boolean;
  /** The packages of payload classes that the recording copy of this library finds: a bundle may hold its own. */
  readonly packages: PayloadPackages;
}

type MetadataObject = Record<symbol, unknown>;

/** Shared by all copies of this library, and named by version as the records themselves are. */
const key = Symbol.for("dapr-functions/recording/v1");

/** Says in the metadata of a class who recorded it. */
export function sign(metadata: object, isLegacy: boolean): void {
  const recording: Recording = { isLegacy, packages: ownPackages };
  Object.defineProperty(metadata, key, { value: recording, configurable: true });
}

/** Undefined for a class without decorators of ours. */
export function recordingOf(type: Class): Recording | undefined {
  // Metadata objects inherit from each other as their classes do.
  const { metadata: symbol } = Symbol as unknown as { readonly metadata: symbol };
  const metadata = (type as unknown as MetadataObject)[symbol] as MetadataObject | null | undefined;
  return metadata?.[key] as Recording | undefined;
}
