/** What host.json says of the extension bundle, as far as Dapr is concerned. */
export type BundleVerdict =
  | { readonly kind: "none" }
  | { readonly kind: "dapr" }
  | { readonly kind: "without-dapr"; readonly needed: string }
  | { readonly kind: "invalid"; readonly text: string };

/** From which version each bundle has Dapr; bundles of other ids are not judged. */
const firstVersions: Readonly<Record<string, { readonly version: Version; readonly shown: string }>> = {
  "microsoft.azure.functions.extensionbundle": { version: [4, 17, 0], shown: "4.17.0" },
  "microsoft.azure.functions.extensionbundle.preview": { version: [4, 13, 0], shown: "4.13.0-Preview" },
};

type Version = readonly [major: number, minor: number, patch: number];

interface UpperBound {
  readonly version: Version;
  readonly inclusive: boolean;
}

/**
 * Judges `extensionBundle` of a parsed host.json.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/extension-bundles
 */
export function judgeBundle(bundle: unknown): BundleVerdict {
  if (bundle === undefined) return { kind: "none" };
  if (typeof bundle !== "object" || bundle === null)
    return { kind: "invalid", text: "extensionBundle is not an object" };
  const { id, version } = bundle as { id?: unknown; version?: unknown };
  if (typeof id !== "string" || id.trim() === "") return { kind: "invalid", text: "extensionBundle has no id" };
  if (typeof version !== "string" || version.trim() === "") {
    return { kind: "invalid", text: "extensionBundle has no version" };
  }
  const range = upperBoundOf(version.trim());
  if (range === "invalid")
    return { kind: "invalid", text: `the version "${version}" of extensionBundle is not a range` };
  const first = firstVersions[id.trim().toLowerCase()];
  if (first === undefined || range === "none") return { kind: "dapr" };
  const order = compareVersions(range.version, first.version);
  return order > 0 || (order === 0 && range.inclusive)
    ? { kind: "dapr" }
    : { kind: "without-dapr", needed: first.shown };
}

/** Whether a range admits anything from a version on depends on its upper end alone. */
function upperBoundOf(range: string): UpperBound | "none" | "invalid" {
  // A bare version is a least version in this notation, which is NuGet's.
  if (!/^[[(]/.test(range)) return parseVersion(range) === undefined ? "invalid" : "none";
  const match = /^[[(]([^,]*)(?:,([^,]*))?([\])])$/.exec(range);
  if (match === null) return "invalid";
  const [, lower = "", upper, end] = match;
  if (lower.trim() !== "" && parseVersion(lower) === undefined) return "invalid";
  const last = upper ?? lower;
  if (last.trim() === "") return upper === undefined ? "invalid" : "none";
  const version = parseVersion(last);
  return version === undefined ? "invalid" : { version, inclusive: end === "]" };
}

/** `4.17.0`, `4.*`, `4.13.0-Preview`; what is left open counts as the least there is. */
function parseVersion(text: string): Version | undefined {
  const match = /^(\d+)(?:\.(\d+|\*))?(?:\.(\d+|\*))?(?:\.(?:\d+|\*))?(?:-[0-9A-Za-z.-]+)?$/.exec(text.trim());
  if (match === null) return undefined;
  const part = (digits: string | undefined): number => (digits === undefined || digits === "*" ? 0 : Number(digits));
  return [Number(match[1]), part(match[2]), part(match[3])];
}

function compareVersions(a: Version, b: Version): number {
  const index = a.findIndex((part, i) => part !== b[i]);
  return index < 0 ? 0 : a[index]! - b[index]!;
}
