import type { DaprPublish, DaprTopicTrigger } from "../model/bindings.js";
import { placeOf, type FunctionDefinition } from "../model/function-definition.js";
import { verbsOf, pathOf } from "../model/paths.js";
import type { PayloadType } from "../model/payload-type.js";
import { parseRouteTemplate, type RouteParameter, type RouteSegment } from "../model/route-template.js";
import { contentTypeOf, PayloadSchemas, takesNothing, type JsonSchema } from "./schemas.js";

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
  const routes = definitions.flatMap((definition) => {
    const { trigger, name } = definition;
    if (trigger.generic === true || (trigger.type !== "daprServiceInvocationTrigger" && trigger.type !== "httpTrigger"))
      return [];
    return toTemplates(pathOf(trigger, name, routePrefix)).map((own) => ({ definition, own, verbs: verbsOf(trigger) }));
  });
  // A route that is written goes before one that is another without what may be missing.
  for (const { definition, own, verbs } of routes.sort(
    (one, other) => one.own.without.length - other.own.without.length,
  )) {
    const { name, payloadType } = definition;
    const shape = own.path.replaceAll(/\{[^{}]*\}/g, "{}");
    const { path, parameters } = templates.get(shape) ?? own;
    templates.set(shape, { ...own, path, parameters });
    for (const method of verbs) {
      const verb = method.toLowerCase();
      if (paths[path]?.[verb] !== undefined) {
        if (own.without.length === 0)
          notes.push(
            `${placeOf(definition)}: ${method} ${own.path} is left out, as OpenAPI has one operation at ${path}`,
          );
        continue;
      }
      const schema = schemas.of(payloadType, placeOf(definition));
      (paths[path] ??= {})[verb] = {
        operationId: [
          name,
          ...(verbs.length === 1 ? [] : [verb]),
          ...(own.without.length === 0 ? [] : ["without", ...own.without]),
        ].join("."),
        tags: [definition.className],
        ...(parameters.length > 0 && { parameters }),
        ...(hasBody(verb, payloadType) && {
          requestBody: {
            required: payloadType !== undefined && !takesNothing(payloadType),
            content: { [contentTypeOf(payloadType)]: { schema } },
          },
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

/** A payload that is declared has to come with any verb; OpenAPI has no body of TRACE. */
function hasBody(verb: string, payloadType: PayloadType | undefined): boolean {
  if (verb === "trace") return false;
  return payloadType !== undefined || !["get", "head", "delete", "options"].includes(verb);
}

interface Template {
  readonly path: string;
  readonly parameters: readonly object[];
  /** The names of the parameters that are missing in it. */
  readonly without: readonly string[];
}

/** What a value that meets a constraint is; that of others is text. */
const constrained: Readonly<Record<string, (...limits: number[]) => object>> = {
  int: () => ({ type: "integer", format: "int32" }),
  long: () => ({ type: "integer", format: "int64" }),
  bool: () => ({ type: "boolean" }),
  decimal: () => ({ type: "number" }),
  double: () => ({ type: "number" }),
  float: () => ({ type: "number" }),
  guid: () => ({ type: "string", format: "uuid" }),
  alpha: () => ({ pattern: "^[A-Za-z]+$" }),
  minlength: (minLength) => ({ minLength }),
  maxlength: (maxLength) => ({ maxLength }),
  length: (minLength, maxLength = minLength) => ({ minLength, maxLength }),
  min: (minimum) => ({ type: "integer", minimum }),
  max: (maximum) => ({ type: "integer", maximum }),
  range: (minimum, maximum) => ({ type: "integer", minimum, maximum }),
  required: () => ({}),
};

/** Those of which JSON Schema has no word stand under `x-constraints`. */
function schemaOf(constraints: RouteParameter["constraints"]): object {
  const said: object[] = [];
  const others: string[] = [];
  for (const { text } of constraints) {
    const [name = "", ...limits] = text.toLowerCase().split(/[(),]/);
    const say = Object.hasOwn(constrained, name) ? constrained[name] : undefined;
    if (say === undefined) others.push(text);
    else said.push(say(...limits.filter((limit) => limit !== "").map(Number)));
  }
  return Object.assign({ type: "string" }, ...said, others.length > 0 && { "x-constraints": others }) as object;
}

/**
 * `{id?}`, `{id:int}` and `{*rest}` of a route are parameters of OpenAPI, which knows none of them and no parameter that
 * may be missing: the whole path, then those without the parameters at its end that may be.
 */
function toTemplates(path: string): readonly Template[] {
  const segments = parseRouteTemplate(path.slice(1));
  if ("fault" in segments) return [{ path, parameters: [], without: [] }];
  const templates = [toTemplate(segments, [])];
  let [left, without]: [readonly RouteSegment[], readonly string[]] = [segments, []];
  for (;;) {
    const last = left.at(-1) ?? [];
    const part = last.at(-1);
    if (part === undefined || "text" in part || !part.optional || (last.length > 1 && part.default !== undefined))
      return templates;
    without = [part.name, ...without];
    // `{name}.{extension?}` goes without its dot, too.
    left = [...left.slice(0, -1), ...(last.length > 1 ? [last.slice(0, -2)] : [])];
    templates.push(toTemplate(left, without));
  }
}

function toTemplate(segments: readonly RouteSegment[], without: readonly string[]): Template {
  const parameters = segments
    .flat()
    .filter((part) => "name" in part)
    .map(({ name, constraints, takes }) => ({
      name,
      in: "path",
      required: true,
      schema: schemaOf(constraints),
      ...(takes === "rest" && { description: "All that is left of the path, slashes included.", "x-catch-all": true }),
    }));
  const texts = segments.map((parts) => parts.map((part) => ("text" in part ? part.text : `{${part.name}}`)).join(""));
  return { path: `/${texts.join("/")}`, parameters, without };
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
