import { isStandardSchema, type PayloadType } from "../model/payload-type.js";

/**
 * Whether a payload may be text: it always is, it may be something else as well, its schema does not say, or it is not.
 */
export type TextVerdict = "always" | "also" | "unknown" | undefined;

/**
 * What a payload type says of text: `String`, or a schema whose input is a string as Standard JSON Schema, or its own
 * members where it has none, describe it.
 *
 * @see https://standardschema.dev/json-schema
 */
export function takesText(type: PayloadType | undefined): TextVerdict {
  if (type === String) return "always";
  if (!isStandardSchema(type)) return undefined;
  const described = describedInput(type);
  return described === undefined ? ofSchema(type) : ofJsonSchema(described);
}

type Members = Readonly<Record<string, unknown>>;

function describedInput(schema: object): Members | undefined {
  const { jsonSchema } = (schema as { "~standard": { jsonSchema?: { input?: (options: object) => Members } } })[
    "~standard"
  ];
  try {
    return jsonSchema?.input?.({ target: "draft-2020-12" });
  } catch {
    return undefined; // not every schema has one
  }
}

function ofJsonSchema(schema: unknown): TextVerdict {
  if (typeof schema !== "object" || schema === null) return undefined;
  const { type, anyOf, oneOf, allOf, const: only, enum: values, $ref: reference } = schema as Members;
  if (type === "string") return "always";
  if (Array.isArray(type)) return type.includes("string") ? "also" : undefined;
  if (Array.isArray(values)) return unionOf(values.map((value) => ofValue(value)));
  if (only !== undefined) return ofValue(only);
  if (Array.isArray(allOf)) return bothOf(allOf.map(ofJsonSchema));
  const parts = anyOf ?? oneOf;
  if (Array.isArray(parts)) return unionOf(parts.map(ofJsonSchema));
  return type === undefined && reference === undefined ? "unknown" : undefined;
}

/** What valibot and zod call what is not text, unless it is coerced. */
const otherKinds: ReadonlySet<string> = new Set(
  (
    "array bigint blob boolean date discriminatedunion file function instance loose_object loose_tuple map nan never " +
    "null number object object_with_rest promise record set strict_object strict_tuple symbol tuple tuple_with_rest undefined " +
    "variant void"
  ).split(" "),
);

/** By the members in which valibot and zod keep what a schema is. */
function ofSchema(schema: unknown): TextVerdict {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null) return undefined;
  const { type: own, def, _def, options, wrapped, literal } = schema as Members;
  const {
    type,
    typeName,
    innerType,
    options: parts,
    value,
    values,
    in: input,
    left,
    right,
    coerce,
    schema: refined,
    effect,
  } = (def ?? _def ?? {}) as Members;
  const called = type ?? typeName ?? own;
  const kind = typeof called === "string" ? called.replace(/^Zod/, "").toLowerCase() : "";
  switch (kind) {
    case "enum":
    case "picklist":
      return Array.isArray(options) ? unionOf(options.map(ofValue)) : "always";
    case "nullable":
    case "nullish":
      return unionOf([ofSchema(innerType ?? wrapped), undefined]);
    case "string":
    case "template_literal":
    case "templateliteral":
      return "always";
    case "literal":
      return unionOf((Array.isArray(values) ? values : [value ?? literal]).map(ofValue));
    case "union":
    case "discriminatedunion":
      return Array.isArray(parts ?? options) ? unionOf(((parts ?? options) as unknown[]).map(ofSchema)) : undefined;
    case "intersection":
    case "intersect":
      return bothOf(
        [left, right, ...(Array.isArray(parts ?? options) ? ((parts ?? options) as unknown[]) : [])]
          .filter((part) => part !== undefined)
          .map(ofSchema),
      );
    case "pipe":
    case "pipeline":
      return ofSchema(input);
    default: {
      // zod 3 refines a schema by another around it, which also has what is done before it is asked.
      const isBefore = (effect as { type?: unknown } | undefined)?.type === "preprocess";
      const inner = innerType ?? wrapped ?? (isBefore ? undefined : refined);
      if (inner !== undefined) return ofSchema(inner);
      return otherKinds.has(kind) && coerce !== true ? undefined : "unknown";
    }
  }
}

function ofValue(value: unknown): TextVerdict {
  return typeof value === "string" ? "always" : undefined;
}

/** What has several types at once is text where one of them says so. */
function bothOf(verdicts: readonly TextVerdict[]): TextVerdict {
  const order: readonly TextVerdict[] = ["always", "also", undefined, "unknown"];
  return order.find((verdict) => verdicts.includes(verdict));
}

function unionOf(verdicts: readonly TextVerdict[]): TextVerdict {
  if (verdicts.every((verdict) => verdict === "always")) return "always";
  if (verdicts.some((verdict) => verdict === "always" || verdict === "also")) return "also";
  return verdicts.find((verdict) => verdict !== undefined);
}
