import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { componentsNamed } from "../metadata/rules/components.js";
import type { FunctionDefinition } from "../model/function-definition.js";
import { linearly, repeatedKey } from "../sidecar/components/manifests.js";
import { subscriptionsOf, type Subscription } from "../server/subscriptions.js";

/** One file as it is to be. */
export interface ResourceFile {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string;
}

const subscriptionsFile = "subscriptions.yaml";

/**
 * Dapr resource files for the functions of an app: its declarative subscriptions, and its id among the scopes of the
 * components that it names. A component without scopes is every app's and stays so; comments and order are kept.
 *
 * @param definitions with their settings in
 * @see https://docs.dapr.io/developing-applications/building-blocks/pubsub/subscription-methods/
 */
export function daprResources(
  definitions: readonly FunctionDefinition[],
  folder: string,
  appId: string,
): ResourceFile[] {
  const { Document, parseAllDocuments } = require("yaml") as typeof import("yaml");
  const files: ResourceFile[] = [];
  const subscriptions = subscriptionsOf(definitions);
  const texts = subscriptions.map((subscription) =>
    new Document(toResource(subscription, appId)).toString({ lineWidth: 0 }),
  );
  const path = join(folder, subscriptionsFile);
  if (subscriptions.length > 0 || existsSync(path)) {
    const head = "# Written by dapr-functions generate --dapr. Changes are lost.\n";
    files.push({ path, before: textOf(path), after: head + texts.join("---\n") });
  }
  const named = componentsNamed(definitions);
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    if (!/\.ya?ml$/i.test(name) || name === subscriptionsFile) continue;
    const before = readFileSync(join(folder, name), "utf8");
    const documents = parseAllDocuments(before, linearly);
    if (!Array.isArray(documents)) continue;
    if (documents.some((document) => document.errors.length > 0 || repeatedKey(document) !== undefined)) continue;
    let isChanged = false;
    for (const document of documents) {
      const { kind, metadata, scopes } = (document.toJS() ?? {}) as {
        kind?: unknown;
        metadata?: { name?: unknown };
        scopes?: unknown;
      };
      if (kind !== "Component" || !named.has(metadata?.name as string)) continue;
      if (!Array.isArray(scopes) || scopes.length === 0 || scopes.includes(appId)) continue;
      document.addIn(["scopes"], appId);
      isChanged = true;
    }
    if (isChanged)
      files.push({
        path: join(folder, name),
        before,
        after: documents.map((document) => document.toString({ lineWidth: 0 })).join(""),
      });
  }
  return files;
}

export function writeResources(files: readonly ResourceFile[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { path, before, after } of files) if (before !== after) writeFileSync(path, after);
}

function toResource(subscription: Subscription, appId: string): object {
  const { pubsubname, topic, route, routes, deadLetterTopic, metadata, bulkSubscribe } = subscription;
  return {
    apiVersion: "dapr.io/v2alpha1",
    kind: "Subscription",
    metadata: { name: nameOf([appId, pubsubname, topic]) },
    spec: {
      pubsubname,
      topic,
      routes: route === undefined ? routes : { default: route },
      ...(deadLetterTopic !== undefined && { deadLetterTopic }),
      ...(metadata !== undefined && { metadata }),
      ...(bulkSubscribe !== undefined && { bulkSubscribe }),
    },
    scopes: [appId],
  };
}

/**
 * A name that Kubernetes takes: lower case, digits, hyphens and points, at most 253 of them. Parts that do not stand in it
 * as they are add a digest of theirs, so that no two subscriptions have one name; it stays when others come or go.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
 */
function nameOf(parts: readonly string[]): string {
  if (parts.every((part) => /^[a-z0-9]+(?:-+[a-z0-9]+)*$/.test(part)) && parts.join(".").length <= 253)
    return parts.join(".");
  const { createHash } = require("node:crypto") as typeof import("node:crypto");
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10);
  const readable = parts.map((part) => (part.toLowerCase().match(/[a-z0-9]+/g) ?? ["x"]).join("-")).join(".");
  return `${readable.slice(0, 253 - digest.length - 1).replace(/[-.]$/, "")}-${digest}`;
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
