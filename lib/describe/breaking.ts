import { isDeepStrictEqual } from "node:util";
import { resolve, SchemaChanges, type Json } from "./schema-changes.js";
import type { JsonSchema } from "./schemas.js";

/**
 * What of a new description breaks those who keep to the old one, a line each: an operation or a channel that is gone, and
 * what callers may no longer send, or subscribers no longer rely on.
 */
export function breakingChanges(before: Json, after: Json): readonly string[] {
  const changes: string[] = [];
  const callers = new SchemaChanges(before, after, "callers", changes);
  if ("openapi" in before) compareOperations(before, after, callers, changes);
  else if ("asyncapi" in before) compareChannels(before, after, changes);
  else {
    // What payloads refer to is compared with them, whatever it is called now.
    const parts = new Set(JSON.stringify(before).match(/(?<="\$ref":"#\/\$defs\/)[^"/]*/g));
    for (const [name, schema] of Object.entries(part(before, "$defs"))) {
      if (parts.has(name)) continue;
      const now = part(after, "$defs")[name];
      if (now === undefined) changes.push(`${name}: it is gone`);
      else callers.compare(name, schema as JsonSchema, now as JsonSchema);
    }
  }
  return changes;
}

/** Callers give a path, whatever its parameters are called. */
function compareOperations(before: Json, after: Json, callers: SchemaChanges, changes: string[]): void {
  const shapeOf = (path: string) => path.replaceAll(/\{[^{}]*\}/g, "{}");
  const paths = new Map(Object.entries(part(after, "paths")).map(([path, now]) => [shapeOf(path), now as Json]));
  for (const [path, operations] of Object.entries(part(before, "paths"))) {
    for (const [verb, operation] of Object.entries(operations as Json)) {
      const name = `${verb.toUpperCase()} ${path}`;
      const now = paths.get(shapeOf(path))?.[verb] as Json | undefined;
      if (now === undefined) {
        changes.push(`${name}: it is gone`);
        continue;
      }
      const fresh = parametersOf(now);
      parametersOf(operation as Json).forEach((parameter, index) => {
        const place = `${name} {${String(parameter["name"])}}`;
        if (parameter["x-catch-all"] === true && fresh[index]?.["x-catch-all"] !== true)
          changes.push(`${place}: only one segment of the path is taken now`);
        const schema = part(fresh[index] ?? {}, "schema");
        // All of a path is text.
        if (isDeepStrictEqual(schema, { type: "string" })) return;
        callers.compare(place, part(parameter, "schema"), schema);
      });
      const [body, nowBody] = [bodyOf(operation as Json), bodyOf(now)];
      const types = new Set([body.contentType, nowBody.contentType]);
      if (types.size === 1 || types.has(undefined)) callers.compare(name, body.schema, nowBody.schema);
      else changes.push(`${name}: ${body.contentType} is no longer taken, ${nowBody.contentType} is`);
      if (nowBody.required && !body.required) changes.push(`${name}: a body must be given now`);
    }
  }
}

/** Those of the path, in its order. */
function parametersOf({ parameters }: Json): readonly Json[] {
  return Array.isArray(parameters) ? (parameters as readonly Json[]) : [];
}

interface Body {
  readonly required: boolean;
  readonly contentType: string | undefined;
  readonly schema: JsonSchema;
}

function bodyOf(operation: Json): Body {
  const body = part(operation, "requestBody");
  const content = part(body, "content");
  const [contentType] = Object.keys(content);
  const required = body["required"] === true;
  return { required, contentType, schema: contentType === undefined ? {} : part(part(content, contentType), "schema") };
}

/** Publishers and subscribers know a topic, and no function by its name: another may do what one did that is gone. */
function compareChannels(before: Json, after: Json, changes: string[]): void {
  const [operations, later] = [part(before, "operations"), part(after, "operations")];
  const added = Object.keys(later).filter((name) => !Object.hasOwn(operations, name));
  for (const [name, operation] of Object.entries(operations)) {
    const { action } = operation as Json;
    const old = messageOf(before, operation as Json);
    const compare = (now: string) => {
      const found: string[] = [];
      const schemas = new SchemaChanges(before, after, action === "receive" ? "callers" : "subscribers", found);
      compareMessages(name, old, messageOf(after, later[now] as Json), schemas, found);
      return found;
    };
    if (later[name] !== undefined) {
      changes.push(...compare(name));
      continue;
    }
    const others = added.filter((other) => {
      const { address, component } = messageOf(after, later[other] as Json);
      return (later[other] as Json)["action"] === action && address === old.address && component === old.component;
    });
    const [least = [`${name}: it is gone`]] = others.map(compare).sort((one, other) => one.length - other.length);
    changes.push(...least);
  }
}

function compareMessages(name: string, old: Message, fresh: Message, schemas: SchemaChanges, changes: string[]): void {
  if (old.address !== fresh.address) changes.push(`${name}: the topic ${old.address} became ${fresh.address}`);
  if (old.component !== fresh.component)
    changes.push(`${name}: the pubsub component ${old.component} became ${fresh.component}`);
  if (old.contentType !== fresh.contentType)
    changes.push(`${name}: the content type ${old.contentType} became ${fresh.contentType}`);
  else schemas.compare(name, old.payload, fresh.payload);
}

interface Message {
  readonly address: string;
  readonly component: string;
  readonly contentType: string;
  readonly payload: JsonSchema;
}

function messageOf(document: Json, operation: Json): Message {
  const channel = resolve(document, operation["channel"]);
  const [reference] = operation["messages"] as readonly JsonSchema[];
  return {
    address: String(channel["address"] as string),
    component: String(channel["x-dapr-pubsub"] as string),
    contentType: String(resolve(document, reference)["contentType"] as string),
    payload: part(resolve(document, reference), "payload"),
  };
}

function part(value: Json, name: string): Json {
  return (value[name] ?? {}) as Json;
}
