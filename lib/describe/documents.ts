import type { DaprPublish, DaprTopicTrigger } from "../model/bindings.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import { verbsOf, pathOf } from "../model/paths.js";
import type { PayloadType } from "../model/payload-type.js";
import { parseRouteTemplate } from "../model/route-template.js";
import { contentTypeOf, PayloadSchemas, type JsonSchema } from "./schemas.js";

export interface DescribeOptions {
  /** Of the app, as `info.title` says it. */
  readonly title: string;
  readonly version: string;
  /** The folder of the app. */
  readonly from: string;
  /** What stands before the routes of HTTP functions. */
  readonly routePrefix?: string | undefined;
}

export interface Described {
  readonly document: JsonSchema;
  /** What the document leaves open, and why: a line each. */
  readonly notes: readonly string[];
}

type Describe = (definitions: readonly FunctionDefinition[], options: DescribeOptions) => Described;

/** What a failed invocation answers. */
const errorSchema = {
  type: "object",
  required: ["errorCode", "functionName", "invocationId"],
  properties: {
    errorCode: { type: "string" },
    message: { type: "string" },
    functionName: { type: "string" },
    invocationId: { type: "string" },
    issues: { type: "array", items: { type: "object" } },
  },
};

/**
 * OpenAPI 3.1 of what callers reach: service invocation and HTTP. Paths are those of the app port; through Dapr they stand
 * behind `/v1.0/invoke/<app id>/method`.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export const toOpenApi: Describe = (definitions, { title, version, from, routePrefix }) => {
  const schemas = new PayloadSchemas(from);
  const paths: Record<string, Record<string, unknown>> = {};
  const notes: string[] = [];
  // OpenAPI tells paths apart by their text alone: `/{id}` and `/{name}` are one, under the names of the first.
  const templates = new Map<string, Template>();
  for (const definition of definitions) {
    const { trigger, name, payloadType } = definition;
    if (trigger.generic === true || (trigger.type !== "daprServiceInvocationTrigger" && trigger.type !== "httpTrigger"))
      continue;
    const own = toTemplate(pathOf(trigger, name, routePrefix));
    const shape = own.path.replaceAll(/\{[^{}]*\}/g, "{}");
    const { path, parameters } = templates.get(shape) ?? own;
    templates.set(shape, { path, parameters });
    for (const method of verbsOf(trigger)) {
      const verb = method.toLowerCase();
      if (paths[path]?.[verb] !== undefined) {
        notes.push(
          `${placeOf(definition)}: ${method} ${own.path} is left out, as OpenAPI has one operation at ${path}`,
        );
        continue;
      }
      const hasBody = !["get", "head", "delete", "options", "trace"].includes(verb);
      const schema = schemas.of(payloadType, placeOf(definition));
      (paths[path] ??= {})[verb] = {
        operationId: verbsOf(trigger).length === 1 ? name : `${name}.${verb}`,
        tags: [definition.className],
        ...(parameters.length > 0 && { parameters }),
        ...(hasBody && {
          requestBody: { required: payloadType !== undefined, content: { [contentTypeOf(payloadType)]: { schema } } },
        }),
        responses: {
          "200": { description: "What the function returned.", content: { "application/json": { schema: {} } } },
          ...(payloadType !== undefined && { "400": { $ref: "#/components/responses/Refused" } }),
          "500": { $ref: "#/components/responses/Failed" },
        },
      };
    }
  }
  const failure = (description: string) => ({
    description,
    content: { "application/json": { schema: { $ref: "#/components/schemas/InvocationFailure" } } },
  });
  return {
    document: {
      openapi: "3.1.1",
      info: { title, version },
      paths,
      components: {
        schemas: { ...schemas.definitions, InvocationFailure: errorSchema },
        responses: {
          Refused: failure("The payload is malformed or not valid."),
          Failed: failure("The invocation failed."),
        },
      },
    },
    notes: [...schemas.notes, ...notes],
  };
};

interface Template {
  readonly path: string;
  readonly parameters: readonly object[];
}

/** What a value that meets a constraint is; that of others is text. */
const constrained: Readonly<Record<string, object>> = {
  int: { type: "integer", format: "int32" },
  long: { type: "integer", format: "int64" },
  bool: { type: "boolean" },
  decimal: { type: "number" },
  double: { type: "number" },
  float: { type: "number" },
  guid: { type: "string", format: "uuid" },
};

/** `{id?}`, `{id:int}` and `{*rest}` of a route are parameters of OpenAPI, which knows none of them. */
function toTemplate(path: string): Template {
  const segments = parseRouteTemplate(path.slice(1));
  if ("fault" in segments) return { path, parameters: [] };
  const parameters = segments
    .flat()
    .filter((part) => "name" in part)
    .map(({ name, constraints }) => {
      const schema = constraints.map(({ text }) => constrained[text.toLowerCase()]).find((one) => one !== undefined);
      return { name, in: "path", required: true, schema: schema ?? { type: "string" } };
    });
  const texts = segments.map((parts) => parts.map((part) => ("text" in part ? part.text : `{${part.name}}`)).join(""));
  return { path: `/${texts.join("/")}`, parameters };
}

interface Channel {
  readonly address: string;
  readonly description: string;
  readonly "x-dapr-pubsub": string;
  readonly messages: Record<string, object>;
}

/** The id of a topic's channel, which takes fewer characters than a topic: those that would be one are numbered. */
function channelOf(channels: Readonly<Record<string, Channel>>, pubSubName: string, topic: string): string {
  const id = `${pubSubName}.${topic}`.replace(/[^A-Za-z0-9_.-]/g, "_");
  for (let number = 1; ; number++) {
    const numbered = number === 1 ? id : `${id}_${number}`;
    const channel = channels[numbered];
    if (channel === undefined || (channel.address === topic && channel["x-dapr-pubsub"] === pubSubName))
      return numbered;
  }
}

/**
 * AsyncAPI 3.0 of topics: those that functions receive, and those that they publish to by name.
 *
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export const toAsyncApi: Describe = (definitions, { title, version, from }) => {
  const schemas = new PayloadSchemas(from);
  const channels: Record<string, Channel> = {};
  const operations: Record<string, object> = {};
  const add = (
    action: "receive" | "send",
    pubSubName: string,
    topic: string,
    name: string,
    type: PayloadType | undefined,
    payload: JsonSchema,
  ): void => {
    const id = channelOf(channels, pubSubName, topic);
    const channel = (channels[id] ??= {
      address: topic,
      description: `Topic ${topic} of the pubsub component ${pubSubName}.`,
      "x-dapr-pubsub": pubSubName,
      messages: {},
    });
    channel.messages[name] = { name, contentType: contentTypeOf(type), payload };
    operations[`${action}.${name}`] = {
      action,
      channel: { $ref: `#/channels/${id}` },
      messages: [{ $ref: `#/channels/${id}/messages/${name}` }],
    };
  };
  for (const definition of definitions) {
    const place = placeOf(definition);
    if (definition.trigger.type === "daprTopicTrigger") {
      const { pubSubName, topic = definition.name } = definition.trigger as DaprTopicTrigger;
      const { name, payloadType } = definition;
      add("receive", pubSubName, topic, name, payloadType, schemas.of(payloadType, place));
    }
    for (const output of definition.outputs) {
      if (output.type !== "daprPublish") continue;
      const { pubSubName, topic, name, valueType } = output as DaprPublish;
      // What only an item says is not known here.
      if (pubSubName === undefined || topic === undefined) continue;
      add(
        "send",
        pubSubName,
        topic,
        `${definition.name}.${name}`,
        valueType,
        schemas.of(valueType, `${place}, output "${name}"`, "output"),
      );
    }
  }
  return {
    document: {
      asyncapi: "3.0.0",
      info: { title, version },
      channels,
      operations,
      components: { schemas: schemas.definitions },
    },
    notes: [...schemas.notes],
  };
};

/** One JSON Schema with the payload of each function under `$defs`, by the function's name. */
export const toJsonSchema: Describe = (definitions, { title, from }) => {
  const schemas = new PayloadSchemas(from);
  const payloads = definitions.flatMap((definition) =>
    definition.payloadType === undefined
      ? []
      : [[definition.name, schemas.of(definition.payloadType, placeOf(definition))] as const],
  );
  const names = new Set(payloads.map(([name]) => name));
  const ofClasses = Object.entries(schemas.definitions).map(
    ([name, schema]) => [free(name, names, schemas.definitions), schema] as const,
  );
  const text = JSON.stringify(Object.fromEntries([...ofClasses, ...payloads])).replaceAll(
    /"#\/components\/schemas\/([^"/]*)/g,
    (_, name: string) => `"#/$defs/${free(name, names, schemas.definitions)}`,
  );
  return {
    document: { $schema: "https://json-schema.org/draft/2020-12/schema", title, $defs: JSON.parse(text) as JsonSchema },
    notes: [...schemas.notes],
  };
};

/** The name of a class's schema, where a function may be called like the class. */
function free(name: string, taken: ReadonlySet<string>, classes: object): string {
  let own = name;
  while (taken.has(own) || (own !== name && own in classes)) own += "Class";
  return own;
}
