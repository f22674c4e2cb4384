import { format } from "node:util";
import type { AppLog, Log, LogFields, LogPort } from "../model/invocation.js";
import { visible } from "../model/visible.js";

type Level = "info" | "warn" | "error" | "debug";

/** How a logger takes the fields of a line: pino and bunyan before the text, winston after it, others within it. */
type Style = "fields-first" | "fields-last" | "text";

type Functions = Readonly<Record<string, unknown>>;

/**
 * The log of an app over the logger given. `log` is `info`; a function that is missing goes to `log`, where that prints.
 *
 * A logger that throws, or whose promise rejects, harms nothing: the first time, a line on standard error says so. Control
 * characters become visible here and nowhere else, so that no text of a caller looks like a line of the log.
 *
 * @param logger the console unless given, as `DAPR_FUNCTIONS_LOG` says: `text`, `json` (a line each) or `off`
 */
export function completeLog(logger?: LogPort, environment: NodeJS.ProcessEnv = process.env): AppLog {
  if (logger !== undefined) return new GuardedLog(logger as Functions, styleOf(logger as Functions));
  const kind = environment["DAPR_FUNCTIONS_LOG"]?.trim().toLowerCase() ?? "text";
  if (kind === "off") return new GuardedLog({}, "text");
  if (kind === "json") return new GuardedLog(jsonLines, "fields-first");
  const log = new GuardedLog(console as unknown as Functions, "text");
  if (kind !== "text" && kind !== "")
    log.warn(`DAPR_FUNCTIONS_LOG: ${JSON.stringify(kind)} is not known; give text, json or off`);
  return log;
}

function styleOf(logger: Functions): Style {
  if (typeof logger["child"] !== "function") return "text";
  // Of the loggers with a child, winston's alone is made of transports.
  return "transports" in logger && typeof logger["log"] === "function" ? "fields-last" : "fields-first";
}

class GuardedLog implements AppLog {
  /** @param fields what each line of this log carries, where the logger has no child that does */
  constructor(
    private readonly logger: Functions,
    private readonly style: Style,
    private readonly fields?: LogFields,
  ) {}

  of(fields: LogFields): Log {
    const { logger, style } = this;
    if (style === "text") return new GuardedLog(logger, style, fields);
    if (typeof logger["child"] !== "function") return new GuardedLog(logger, style, fields);
    const child = attempt(() => (logger["child"] as (fields: LogFields) => unknown)({ ...fields }));
    return isObject(child) ? new GuardedLog(child, style) : new GuardedLog(logger, style, fields);
  }

  log(...args: unknown[]): void {
    this.#write("info", args);
  }

  info(...args: unknown[]): void {
    this.#write("info", args);
  }

  warn(...args: unknown[]): void {
    this.#write("warn", args);
  }

  error(...args: unknown[]): void {
    this.#write("error", args);
  }

  debug(...args: unknown[]): void {
    this.#write("debug", args);
  }

  #write(level: Level, args: readonly unknown[]): void {
    attempt(() => {
      const { logger, style } = this;
      // Winston's `log` takes a level first: it is not a place for a line.
      const write = logger[level] ?? (style === "fields-last" ? undefined : logger["log"]);
      if (typeof write !== "function") return undefined;
      return (write as (...args: unknown[]) => unknown).apply(logger, this.#arguments(args));
    });
  }

  #arguments(args: readonly unknown[]): unknown[] {
    const { style, fields } = this;
    if (style === "text") {
      const shown = args.map((arg) => (typeof arg === "string" ? visible(arg) : arg));
      return fields === undefined ? shown : [...shown, pairsOf(fields)];
    }
    const { text, members } = lineOf(args, style);
    const all = fields === undefined ? members : { ...fields, ...members };
    const shown = visible(text);
    if (Object.keys(all).length === 0) return [shown];
    return style === "fields-first" ? [all, shown] : [shown, all];
  }
}

/** One line of several arguments: what is plain data are its fields, an error is one of them, the rest is its text. */
function lineOf(args: readonly unknown[], style: Style): { text: string; members: Record<string, unknown> } {
  const members: Record<string, unknown> = {};
  const words = args.filter((arg) => {
    if (arg instanceof Error && !("err" in members) && args.length > 1) {
      members["err"] = errorField(arg, style);
      return false;
    }
    if (!isPlain(arg)) return true;
    Object.assign(members, arg);
    return false;
  });
  // pino reads `%s` in a text; what is not followed by arguments stays as it is.
  const text = words.length === 1 && typeof words[0] === "string" ? words[0] : format(...words);
  const only = words.length === 1 && words[0] instanceof Error ? words[0] : undefined;
  if (only !== undefined) return { text: only.message, members: { err: errorField(only, style), ...members } };
  // Winston makes one message of a text and the `message` among its fields.
  if (style === "fields-last" && "message" in members) {
    const { message, ...others } = members;
    return { text, members: { ...others, details: { message } } };
  }
  return { text, members };
}

/** pino and bunyan write an error's message and stack by themselves; winston's JSON leaves nothing of one. */
function errorField(error: Error, style: Style): unknown {
  const { name, message, stack } = error;
  return style === "fields-last" ? { name, message, stack } : error;
}

/** Writes `function=CreateNewOrder invocationId=5f6c…`. */
function pairsOf(fields: LogFields): string {
  let pairs = "";
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const text = String(value);
    // Names and ids, as nearly all are, need no further look.
    const shown = /^[\w./:-]+$/.test(text) ? text : /[\s="]/.test(text) ? JSON.stringify(value) : visible(text);
    pairs += `${pairs === "" ? "" : " "}${name}=${shown}`;
  }
  return pairs;
}

/** Runs foreign code: what it throws, or rejects with, ends here. */
function attempt<T>(run: () => T): T | undefined {
  try {
    const result = run();
    if (isObject(result) && typeof result["then"] === "function") {
      (result as unknown as PromiseLike<unknown>).then(undefined, sayOnce);
    }
    return result;
  } catch (error) {
    sayOnce(error);
    return undefined;
  }
}

let isSaid = false;

/** A log that fails cannot say so itself. */
function sayOnce(error: unknown): void {
  if (isSaid) return;
  isSaid = true;
  let reason = "it threw";
  try {
    reason = error instanceof Error ? error.message : String(error);
  } catch {
    // An error may well throw when it is read.
  }
  process.stderr.write(`dapr-functions: the log given as \`log\` fails (${visible(reason)}); its lines are lost\n`);
}

/** What `DAPR_FUNCTIONS_LOG=json` writes: one object a line, errors and warnings to standard error. */
const jsonLines: Functions = Object.fromEntries(
  (["debug", "info", "warn", "error"] as const).map((level) => [
    level,
    (...args: readonly unknown[]) => {
      const [fields, text] = typeof args[0] === "string" ? [{}, args[0]] : args;
      const line = { time: new Date().toISOString(), level, message: text, ...(fields as object) };
      const json = JSON.stringify(line, (_, value: unknown) =>
        value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value,
      );
      (level === "warn" || level === "error" ? process.stderr : process.stdout).write(`${json}\n`);
    },
  ]),
);

function isObject(value: unknown): value is Functions {
  return typeof value === "object" && value !== null;
}

function isPlain(value: unknown): value is Functions {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
