import { DefinitionError, type Problem } from "../../model/errors.js";
import { toDeclaredSubscription, type DeclaredSubscription } from "../app/declared-subscriptions.js";
import { toResiliencySpec, type ResiliencySpec } from "../resiliency/resiliency.js";
import { isComponent, toComponent, type Component } from "./components.js";
import { componentProblem, readManifests, type Manifest } from "./manifests.js";

/** What a folder of Dapr resource files holds. */
export interface Resources {
  readonly components: readonly Component[];
  readonly subscriptions: readonly DeclaredSubscription[];
  readonly resiliency: readonly ResiliencySpec[];
  /** A line for each document that is passed over, and for what of one is not done. */
  readonly notes: readonly string[];
}

/** Kinds that daprd applies and the embedded sidecar does not. */
const otherKinds = ["Configuration", "HTTPEndpoint", "MCPServer", "WorkflowAccessPolicy"];
const versions: Readonly<Record<string, readonly string[]>> = {
  Component: ["dapr.io/v1alpha1"],
  Resiliency: ["dapr.io/v1alpha1"],
  Subscription: ["dapr.io/v1alpha1", "dapr.io/v2alpha1"],
};

/**
 * Reads a folder of Dapr resource files, or one file.
 *
 * @throws DefinitionError `component-invalid` with everything that is wrong, naming file and line
 */
export function loadResources(path: string): Resources {
  const problems: Problem[] = [];
  const notes: string[] = [];
  const components: Component[] = [];
  const subscriptions: DeclaredSubscription[] = [];
  const resiliency: ResiliencySpec[] = [];
  for (const manifest of readManifests(path, problems, notes)) {
    const note = noteOn(manifest);
    if (note !== undefined) {
      notes.push(`${manifest.source}: ${note}`);
      continue;
    }
    try {
      if (isComponent(manifest)) components.push(toComponent(manifest));
      else if (manifest.kind === "Subscription") subscriptions.push(toDeclaredSubscription(manifest));
      else resiliency.push(toResiliencySpec(manifest));
    } catch (error) {
      problems.push(componentProblem(`${manifest.source}: ${(error as Error).message}`, manifest.file));
    }
  }
  const [first, ...others] = problems;
  if (first) throw new DefinitionError([first, ...others]);
  for (const { name, source, notes: own } of resiliency) {
    notes.push(...own.map((note) => `${source}: Resiliency "${name}": ${note}`));
  }
  return { components, subscriptions, resiliency, notes };
}

/** Why a document is passed over; undefined for one that is used. */
function noteOn({ kind, apiVersion, isFirst }: Manifest): string | undefined {
  const known = Object.hasOwn(versions, kind) ? versions[kind] : undefined;
  if (known === undefined) {
    if (otherKinds.includes(kind)) return `${kind} is not applied by the embedded sidecar; daprd applies it`;
    return `kind "${kind}" is not one of Dapr's, so it is passed over${suggestion(kind)}`;
  }
  if (!known.includes(apiVersion)) {
    return `${kind} of apiVersion "${apiVersion}" is passed over, as by daprd; write ${known.join(" or ")}`;
  }
  if (kind === "Resiliency" && !isFirst) {
    return "Resiliency is passed over, as by daprd, which reads it only as the first document of a file";
  }
  return undefined;
}

function suggestion(kind: string): string {
  const { closest, distance } = require("fastest-levenshtein") as typeof import("fastest-levenshtein");
  const nearest = closest(kind, [...Object.keys(versions), ...otherKinds]);
  return distance(kind.toLowerCase(), nearest.toLowerCase()) <= 3 ? `; did you mean ${nearest}?` : "";
}
