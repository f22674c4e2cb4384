import type { JsonValue } from "../../model/bindings.js";
import { bindingTypes } from "../../metadata/binding-types.js";
import { checkOf } from "../../metadata/members.js";
import { isReservedBinding } from "../../metadata/rules/names.js";
import { retryProblems } from "../../metadata/rules/retry.js";
import { suggestMember } from "../../metadata/rules/suggest.js";
import { readJsonWithComments } from "../../model/jsonc.js";
import { isRecord } from "../../model/values.js";
import { bindingTable, directions, optionsWhere, type BindingRow } from "../../model/binding-table.js";

/** What a function.json says of one function, in the words of the decorators. */
export interface AdoptedFunction {
  readonly name: string;
  readonly trigger: AdoptedBinding;
  readonly inputs: readonly AdoptedBinding[];
  readonly outputs: readonly AdoptedBinding[];
  /** What an HTTP function calls its response: `res` or `$return`; false where it has none. */
  readonly reply?: string | false | undefined;
  /** The handler's file, relative to the app's root and `/`-separated; undefined where none was found. */
  readonly script: string | undefined;
  readonly entryPoint?: string | undefined;
  readonly retry?: Readonly<Record<string, JsonValue>> | undefined;
}

export interface AdoptedBinding {
  /** `DaprStateOutput` … or, for types that have no decorator of their own, `Trigger`, `Input` or `Output`. */
  readonly decorator: string;
  readonly name: string;
  /** What function.json calls it, where that is not a name that a decorator takes: `$return`, `my-order`. */
  readonly originalName?: string | undefined;
  readonly options: Readonly<Record<string, JsonValue>>;
}

/** Something that the files got wrong, or that a person has to finish. */
export interface AdoptionFinding {
  /** `corrected`: the classes say it right. `by-hand`: left for a person. `skipped`: the function was not adopted. */
  readonly kind: "corrected" | "by-hand" | "skipped";
  readonly function: string;
  readonly text: string;
}

/** The folder of a function, as far as it matters here. */
export interface FunctionFolder {
  readonly name: string;
  readonly functionJson: string;
  /** The names of its files. */
  readonly files: readonly string[];
  /** Whether a file is there, by its path relative to the app's root. */
  readonly exists: (path: string) => boolean;
}

type Json = Readonly<Record<string, JsonValue>>;

interface Decorator {
  readonly name: string;
  readonly row: BindingRow;
}

/** The decorators of what the Functions host has, by type and direction. */
const decorators: Readonly<Record<string, Readonly<Partial<Record<"in" | "out", Decorator>>>>> = decoratorsByType();

function decoratorsByType(): Record<string, Partial<Record<"in" | "out", Decorator>>> {
  const byType: Record<string, Partial<Record<"in" | "out", Decorator>>> = {};
  for (const [name, row] of Object.entries(bindingTable) as [string, BindingRow][]) {
    const direction = directions[row.role];
    if (direction !== "inout" && membersOfHost(row).length > 0) (byType[row.type] ??= {})[direction] = { name, row };
  }
  return byType;
}

function membersOfHost(row: BindingRow): readonly string[] {
  return optionsWhere(row, ({ host }) => host === "function.json").filter((member) => member !== "dataType");
}

const canonicalTypes = new Map(Object.keys(decorators).map((type) => [type.toLowerCase(), type]));

/**
 * Reads one function folder of the v3 model: any casing, `bindings` as a list or one object, comments, a byte order mark.
 *
 * @returns no function where there is nothing to adopt; `findings` then say why
 */
export function readFunction(folder: FunctionFolder): {
  readonly fn: AdoptedFunction | undefined;
  readonly findings: readonly AdoptionFinding[];
} {
  const findings: AdoptionFinding[] = [];
  const find = (kind: AdoptionFinding["kind"], text: string): void => {
    findings.push({ kind, function: folder.name, text });
  };
  const skip = (text: string): { fn: undefined; findings: AdoptionFinding[] } => {
    find("skipped", text);
    return { fn: undefined, findings };
  };
  const json = parse(folder.functionJson);
  if (json === undefined) return skip("function.json is not a JSON object; repair it and run adopt again");
  const members = byLowerCase(json, find, "function.json");
  const bindings = bindingsOf(members.get("bindings"), find);
  const known = new Set([
    "bindings",
    "scriptfile",
    "entrypoint",
    "disabled",
    "retry",
    "$schema",
    "configurationsource",
    "generatedby",
    "excluded",
    "name",
    "language",
  ]);
  for (const [name] of members)
    if (!known.has(name))
      find("corrected", `function.json: the Functions host has no member ${JSON.stringify(name)}; left out`);
  const disabled = disabledBy(members.get("disabled"));
  if (disabled !== undefined) {
    const how = disabled === "" ? "it is disabled" : `a setting ${JSON.stringify(disabled)} disables it`;
    const when = disabled === "" ? "" : " where it is to be disabled";
    find(
      "by-hand",
      `${how} by function.json, which host 4 ignores; set AzureWebJobs.${folder.name}.Disabled to "true"${when}`,
    );
  }
  if (isTrue(members.get("excluded")))
    find(
      "by-hand",
      `it is excluded by function.json, which generate does not write; delete its method, or set AzureWebJobs.${folder.name}.Disabled to "true"`,
    );
  const triggers = bindings.filter(({ type }) => /trigger$/i.test(type));
  if (triggers.length !== 1) {
    return skip(
      `function.json has ${triggers.length === 0 ? "no trigger" : `${triggers.length} triggers`}, and a function has one; repair it and run adopt again`,
    );
  }
  if (/^(?:activity|entity|orchestration)trigger$/i.test(triggers[0]!.type))
    return skip("it is of Durable Functions, which read what a function returns; leave its folder as it is");
  const inputs: AdoptedBinding[] = [];
  const outputs: AdoptedBinding[] = [];
  let trigger: AdoptedBinding | undefined;
  let reply: string | undefined;
  const names = new Set<string>();
  for (const binding of bindings) {
    const direction = directionOf(binding, find);
    if (direction === undefined) continue;
    if (binding.type.toLowerCase() === "http" && direction === "out") {
      const name = binding.name ?? "$return";
      if (reply !== undefined)
        find(
          "by-hand",
          `it has an http output ${JSON.stringify(reply)} as well as ${JSON.stringify(name)}, which answers here; keep one`,
        );
      reply = name;
      continue;
    }
    const adopted = adopt(binding, direction, names, find);
    if (binding === triggers[0]) trigger = adopted;
    else (direction === "in" ? inputs : outputs).push(adopted);
  }
  const isHttp = trigger!.decorator === "HttpTrigger";
  if (reply !== undefined && !isHttp)
    find("by-hand", `its http output has no http trigger beside it; nothing can answer by it`);
  if (reply === undefined && isHttp)
    find(
      "corrected",
      "it has no http output, so it answers without a body; generate gives it one, by which it does the same",
    );
  const retry = retryOf(members.get("retry"), find);
  return {
    fn: {
      name: folder.name,
      trigger: trigger!,
      inputs,
      outputs,
      ...(isHttp && { reply: reply ?? false }),
      script: scriptOf(folder, members.get("scriptfile"), find),
      ...(typeof members.get("entrypoint") === "string" && { entryPoint: members.get("entrypoint") as string }),
      ...(retry !== undefined && { retry }),
    },
    findings,
  };
}

/** The setting that disables a function, blank where it is disabled anyway. */
function disabledBy(value: JsonValue | undefined): string | undefined {
  if (isTrue(value)) return "";
  return typeof value !== "string" || value === "" || value.toLowerCase() === "false" ? undefined : value;
}

function isTrue(value: JsonValue | undefined): boolean {
  return value === true || (typeof value === "string" && value.toLowerCase() === "true");
}

const retryMembers = ["strategy", "maxRetryCount", "delayInterval", "minimumInterval", "maximumInterval"];

/** Undefined, with a finding, for what `@Retry` would not take. */
function retryOf(
  value: JsonValue | undefined,
  find: (kind: AdoptionFinding["kind"], text: string) => void,
): Json | undefined {
  if (value === undefined || value === null) return undefined;
  const spelt = (name: string, known: readonly string[]): string =>
    known.find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
  const retry: Json | JsonValue = isJson(value)
    ? Object.fromEntries(
        Object.entries(value).map(([name, member]) => {
          const known = spelt(name, retryMembers);
          const isStrategy = known === "strategy" && typeof member === "string";
          return [known, isStrategy ? spelt(member, ["fixedDelay", "exponentialBackoff"]) : member];
        }),
      )
    : value;
  const problems = retryProblems({ className: "function.json", methodName: "retry" }, retry);
  for (const { message } of problems) find("by-hand", `${message}; it is left out`);
  return problems.length === 0 ? (retry as Json) : undefined;
}

interface RawBinding {
  readonly type: string;
  readonly name: string | undefined;
  readonly direction: string | undefined;
  readonly dataType: JsonValue | undefined;
  /** As written, without type, name, direction and dataType. */
  readonly members: readonly (readonly [string, JsonValue])[];
  /** Says `binding "order" (daprState)`. */
  readonly label: string;
}

function bindingsOf(
  value: JsonValue | undefined,
  find: (kind: AdoptionFinding["kind"], text: string) => void,
): RawBinding[] {
  if (value === undefined) return [];
  const list = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
  if (!Array.isArray(value)) find("corrected", "bindings is one object where a list is due");
  return list.flatMap((entry, index): RawBinding[] => {
    const type = isJson(entry) ? Object.entries(entry).find(([name]) => name.toLowerCase() === "type")?.[1] : undefined;
    if (!isJson(entry) || typeof type !== "string") {
      find("by-hand", `bindings[${index}] has no type; it is left out`);
      return [];
    }
    const members = byLowerCase(entry, find, `bindings[${index}]`);
    const name = members.get("name");
    const direction = members.get("direction");
    const own = new Set(["type", "name", "direction", "datatype"]);
    return [
      {
        type,
        name: typeof name === "string" && name !== "" ? name : undefined,
        direction: typeof direction === "string" ? direction.toLowerCase() : undefined,
        dataType: members.get("datatype"),
        members: Object.entries(entry).filter(([member]) => !own.has(member.toLowerCase())),
        label: `binding ${JSON.stringify(name ?? index)} (${type})`,
      },
    ];
  });
}

/** The host reads members in any case, the last of equal ones. */
function byLowerCase(
  json: Json,
  find: (kind: AdoptionFinding["kind"], text: string) => void,
  where: string,
): Map<string, JsonValue> {
  const members = new Map<string, JsonValue>();
  for (const [name, value] of Object.entries(json)) {
    if (members.has(name.toLowerCase()))
      find("corrected", `${where}: ${JSON.stringify(name)} stands twice in different cases; the last one counts`);
    members.set(name.toLowerCase(), value);
  }
  return members;
}

function directionOf(
  binding: RawBinding,
  find: (kind: AdoptionFinding["kind"], text: string) => void,
): "in" | "out" | undefined {
  const { direction, type, label } = binding;
  const rows = decorators[canonicalTypes.get(type.toLowerCase()) ?? ""];
  const isTrigger = /trigger$/i.test(type);
  const only =
    isTrigger || (rows !== undefined && rows.out === undefined)
      ? "in"
      : rows !== undefined && rows.in === undefined
        ? "out"
        : undefined;
  if (direction === undefined) {
    const assumed = only ?? (type.toLowerCase() === "http" ? "out" : "in");
    // The host takes `in` as well; on a trigger nobody misses it.
    if (!isTrigger) find("corrected", `${label}: direction is missing; taken as ${JSON.stringify(assumed)}`);
    return assumed;
  }
  const isKnown = direction === "in" || direction === "out";
  if (isKnown && (only === undefined || only === direction)) return direction;
  // Without its trigger nothing would be left of the function.
  if (only !== undefined && (isKnown || isTrigger)) {
    find(
      "corrected",
      `${label}: direction is ${JSON.stringify(direction)}, where only ${JSON.stringify(only)} makes sense`,
    );
    return only;
  }
  find("by-hand", `${label}: no decorator has direction ${JSON.stringify(direction)}; it is left out`);
  return undefined;
}

function adopt(
  binding: RawBinding,
  direction: "in" | "out",
  names: Set<string>,
  find: (kind: AdoptionFinding["kind"], text: string) => void,
): AdoptedBinding {
  const type = canonicalTypes.get(binding.type.toLowerCase());
  const declared = type === undefined ? undefined : decorators[type]![direction];
  const decorator = declared?.name;
  const isTrigger = /trigger$/i.test(binding.type);
  const fallback = declared?.row.defaultName ?? (isTrigger ? "payload" : "value");
  const name = nameFor(binding, fallback, names, find);
  const named = name === binding.name || binding.name === undefined ? {} : { originalName: binding.name };
  const dataType = dataTypeOf(binding, declared?.row ?? bindingTypes.Input, find);
  if (declared === undefined || decorator === undefined || type === undefined) {
    if (/^dapr/i.test(binding.type)) {
      const near = suggestMember(binding.type, [...canonicalTypes.values()]);
      find(
        "by-hand",
        `${binding.label}: Dapr's extension has no such type${near === undefined ? "" : `; did you mean ${near}`}`,
      );
    }
    const options = {
      type: binding.type,
      ...(dataType !== undefined && { dataType }),
      ...Object.fromEntries(binding.members),
    };
    return { decorator: isTrigger ? "Trigger" : direction === "in" ? "Input" : "Output", name, ...named, options };
  }
  const known = membersOfHost(declared.row);
  const options: Record<string, JsonValue> = {};
  if (dataType !== undefined) options["dataType"] = dataType;
  const leftOut = new Set<string>();
  for (const [given, value] of binding.members) {
    const member = known.find((one) => one.toLowerCase() === given.toLowerCase());
    if (member === undefined) {
      // The host ignores it, so a class without it behaves the same.
      const near = suggestMember(given, known);
      const text = `${binding.label}: ${type} has no member ${JSON.stringify(given)}, and the Functions host passes over it`;
      if (near === undefined) find("corrected", `${text}; left out`);
      else find("by-hand", `${text}; left out: if ${near} was meant, give it in @${decorator}`);
      continue;
    }
    if (member !== given) find("corrected", `${binding.label}: ${JSON.stringify(given)} is spelt ${member}`);
    if (value === null) continue;
    if (typeof value === "number" || typeof value === "boolean")
      find("corrected", `${binding.label}: ${member} is ${JSON.stringify(value)} where text is due`);
    const option = toOption(member, value);
    const [wrong] = checkOf(declared.row.options[member]!.kind)(option);
    // What is blank compiles, and generate says so again.
    const isTaken = wrong === undefined || wrong.code === "option-empty";
    if (isTaken) options[member] = option;
    else leftOut.add(member);
    if (wrong !== undefined)
      find("by-hand", `${binding.label}: ${member}: ${wrong.text}${isTaken ? "" : "; it is left out"}`);
  }
  const needed = optionsWhere(declared.row, ({ required, hostRequires }) => required === true || hostRequires === true);
  for (const member of needed) {
    if (options[member] === undefined && !leftOut.has(member))
      find("by-hand", `${binding.label}: ${member} is missing; give it in @${decorator}`);
  }
  return { decorator, name, ...named, options };
}

/** Undefined, with a finding, for what the binding does not take. */
function dataTypeOf(
  { dataType, label }: RawBinding,
  { options }: Pick<BindingRow, "options">,
  find: (kind: AdoptionFinding["kind"], text: string) => void,
): JsonValue | undefined {
  if (dataType === undefined || dataType === null) return undefined;
  const kind = options["dataType"]?.kind;
  if (kind === undefined) {
    find("corrected", `${label}: dataType is without effect there; left out`);
    return undefined;
  }
  const [wrong] = checkOf(kind)(dataType);
  if (wrong === undefined) return lower(dataType);
  find("by-hand", `${label}: dataType: ${wrong.text}; it is left out`);
  return undefined;
}

function toOption(member: string, value: JsonValue): JsonValue {
  if (member === "methods")
    return (Array.isArray(value) ? (value as readonly JsonValue[]) : [value]).map((one) =>
      String(one as string).toUpperCase(),
    );
  if (member === "authLevel") return lower(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}

function lower(value: JsonValue): JsonValue {
  return typeof value === "string" ? value.toLowerCase() : value;
}

/** A decorator takes letters and digits, a letter first; of `$return` and `my-order` the handler still sees its own name. */
function nameFor(
  { name: given, label }: RawBinding,
  fallback: string,
  names: Set<string>,
  find: (kind: AdoptionFinding["kind"], text: string) => void,
): string {
  if (given === undefined) find("corrected", `${label}: name is missing; called ${fallback}`);
  const wanted = given === undefined ? fallback : given === "$return" ? "returned" : given;
  const clean = wanted
    .replace(/[^a-z0-9]+(.)?/gi, (_, next: string | undefined) => (next ?? "").toUpperCase())
    .replace(/^[0-9]+/, "");
  const isReserved = isReservedBinding(clean);
  const base = clean === "" ? fallback : isReserved ? `${clean}Value` : clean;
  const isTaken = names.has(base.toLowerCase());
  let name = base;
  for (let count = 2; names.has(name.toLowerCase()); count++) name = `${base}${count}`;
  names.add(name.toLowerCase());
  if (given !== undefined && name !== given) {
    const why = isReserved
      ? "the Functions host would find a member of its own under that name"
      : isTaken
        ? "another binding has that name"
        : "a decorator takes letters and digits";
    find("corrected", `${label}: called ${name}, since ${why}; its handler still finds it as ${JSON.stringify(given)}`);
  }
  return name;
}

/** Where the worker of the v3 model looks: `scriptFile`, else index.js, index.cjs or index.mjs, else the only script. */
function scriptOf(
  folder: FunctionFolder,
  scriptFile: JsonValue | undefined,
  find: (kind: AdoptionFinding["kind"], text: string) => void,
): string | undefined {
  if (typeof scriptFile === "string" && scriptFile !== "") {
    const path = join(folder.name, scriptFile);
    if (!/\.[cm]?js$/i.test(path)) {
      find("by-hand", `its handler ${path} is not JavaScript; write the body of its method`);
      return undefined;
    }
    if (!folder.exists(path)) find("by-hand", `its handler ${path} is not there; build it, or correct scriptFile`);
    return path;
  }
  const scripts = folder.files.filter((file) => /\.[cm]?js$/i.test(file));
  const script =
    ["index.js", "index.cjs", "index.mjs"].find((name) => scripts.includes(name)) ??
    (scripts.length === 1 ? scripts[0] : undefined);
  if (script !== undefined) return join(folder.name, script);
  const others = folder.files.filter((file) => /\.(py|ps1|ts|cs|csx|java|go)$/i.test(file));
  find(
    "by-hand",
    others.length > 0
      ? `its handler ${join(folder.name, others[0]!)} is not JavaScript; write the body of its method`
      : "no handler was found; write the body of its method",
  );
  return undefined;
}

/** `..` in scriptFile leads to a build folder beside the function's. */
function join(folder: string, file: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${file.replaceAll("\\", "/")}`.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

function parse(text: string): Json | undefined {
  const { value } = readJsonWithComments(text);
  return isJson(value) ? value : undefined;
}

function isJson(value: unknown): value is Json {
  return isRecord(value);
}
