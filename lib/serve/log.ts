import { format, inspect } from "node:util";
import { takesArguments, type AppLog, type Log, type LogFields, type LogPort } from "../model/invocation.js";
import { visible } from "../model/visible.js";

type Level = "info" | "warn" | "error" | "debug";

/**
 * How a logger takes the fields of a line, and which of them it writes itself.
 *
 * @see https://github.com/pinojs/pino/blob/main/docs/api.md
 * @see https://github.com/trentm/node-bunyan#log-record-fields
 */
const styles = {
  console: { order: "text", own: [], isShown: true },
  recorder: { order: "text", own: [], isShown: true, hasChild: true },
  text: { order: "text", own: [] },
  json: { order: "fields-first", own: ["time", "level", "message"], keepsErrors: true },
  pino: { order: "fields-first", own: ["level", "time", "pid", "hostname", "msg"], keepsErrors: true },
  bunyan: { order: "fields-first", own: ["name", "hostname", "pid", "level", "time", "msg", "v"] },
  winston: { order: "fields-last", own: ["level", "message", "timestamp"] },
} satisfies Record<string, Style>;

interface Style {
  /** Before the text, after it, or within it. */
  readonly order: "fields-first" | "fields-last" | "text";
  /** Fields that a line has of the logger itself. */
  readonly own: readonly string[];
  /** Whether an error among the fields is written with its message and stack. */
  readonly keepsErrors?: boolean;
  /** Whether errors are shown as they are printed, control characters and all. */
  readonly isShown?: boolean;
  /** Whether a logger that takes fields within the text has a child that carries those of an invocation. */
  readonly hasChild?: boolean;
}

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
  if (kind === "off") return new GuardedLog({}, styles.text);
  if (kind === "json") return new GuardedLog(jsonLines, styles.json);
  const log = new GuardedLog(console as unknown as Functions, styles.console);
  if (kind !== "text" && kind !== "")
    log.warn(`DAPR_FUNCTIONS_LOG: ${JSON.stringify(kind)} is not known; give text, json or off`);
  return log;
}

function styleOf(logger: Functions): Style {
  if (logger === (console as unknown)) return styles.console;
  if (takesArguments in logger) return styles.recorder;
  if (typeof logger["child"] !== "function") return styles.text;
  // Of the loggers with a child, winston's alone is made of transports, and bunyan's alone takes serializers later.
  if ("transports" in logger && typeof logger["log"] === "function") return styles.winston;
  if (typeof logger["addSerializers"] !== "function") return styles.pino;
  const { serializers } = logger as { serializers?: { readonly err?: unknown } | null };
  return typeof serializers?.err === "function" ? { ...styles.bunyan, keepsErrors: true } : styles.bunyan;
}

class GuardedLog implements AppLog {
  /**
   * @param fields what each line of this log carries
   * @param isChild whether the logger writes them itself
   */
  constructor(
    private readonly logger: Functions,
    private readonly style: Style,
    private readonly fields?: LogFields,
    private readonly isChild = false,
  ) {}

  of(fields: LogFields): Log {
    const { logger, style } = this;
    const hasChild = style.order !== "text" || style.hasChild === true;
    if (!hasChild || typeof logger["child"] !== "function") return new GuardedLog(logger, style, fields);
    const child = attempt(() => (logger["child"] as (fields: LogFields) => unknown)({ ...fields }));
    return isObject(child) ? new GuardedLog(child, style, fields, true) : new GuardedLog(logger, style, fields);
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
      const write = writerOf(logger, level, style);
      if (typeof write !== "function") {
        // A log of the program's own may leave levels out; a logger that has others loses lines that nobody left out.
        if (style.order !== "text" && level !== "debug") sayOnce(`it has no ${level}()`);
        return undefined;
      }
      return (write as (...args: unknown[]) => unknown).apply(logger, this.#arguments(args));
    });
  }

  #arguments(args: readonly unknown[]): unknown[] {
    const { style, fields, isChild } = this;
    if (style.order === "text") {
      const shown = args.map((arg) => {
        if (typeof arg === "string") return visible(arg);
        return style.isShown === true && arg instanceof Error ? visible(inspect(arg)) : arg;
      });
      return fields === undefined || isChild ? shown : [...shown, pairsOf(fields)];
    }
    const { text, members } = lineOf(args, style);
    const named = apart(members, (name) => style.own.includes(name) || (fields !== undefined && name in fields));
    const all = fields === undefined || isChild ? named : { ...fields, ...named };
    const shown = visible(text);
    if (Object.keys(all).length === 0) return [shown];
    return style.order === "fields-first" ? [all, shown] : [shown, all];
  }
}

/** The function of a level, also under the name that syslog has for it; else `log`, which in winston takes a level first. */
function writerOf(logger: Functions, level: Level, { order }: Style): unknown {
  const own = logger[level] ?? (level === "warn" ? logger["warning"] : undefined);
  return own ?? (order === "fields-last" ? undefined : logger["log"]);
}

/** The members, those with names that a line has already under `details`: they would stand in place of what it says. */
function apart(
  members: Readonly<Record<string, unknown>>,
  isTaken: (name: string) => boolean,
): Readonly<Record<string, unknown>> {
  const taken = Object.keys(members).filter(isTaken);
  if (taken.length === 0) return members;
  const details = Object.fromEntries(taken.map((name) => [name, members[name]]));
  const others = Object.fromEntries(Object.entries(members).filter(([name]) => !taken.includes(name)));
  return { ...others, details: "details" in others ? { ...details, details: others["details"] } : details };
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
    for (const name of Object.keys(arg)) members[name] = fieldOf(name, arg, style);
    return false;
  });
  // pino reads `%s` in a text; what is not followed by arguments stays as it is.
  const text = words.length === 1 && typeof words[0] === "string" ? words[0] : format(...words);
  const only = words.length === 1 && words[0] instanceof Error ? words[0] : undefined;
  if (only !== undefined) return { text: only.message, members: { err: errorField(only, style), ...members } };
  return { text, members };
}

/** A member as each logger can write it: JSON knows no BigInt, and nothing of an error. */
function fieldOf(name: string, owner: Functions, style: Style): unknown {
  try {
    const value = owner[name];
    if (typeof value === "bigint") return String(value);
    if (!(value instanceof Error)) return value;
    return name === "err" ? errorField(value, style) : told(value);
  } catch (error) {
    return `[throws: ${String(error)}]`;
  }
}

function errorField(error: Error, { keepsErrors }: Style): unknown {
  return keepsErrors === true ? error : told(error);
}

/** What JSON leaves out of an error. */
function told({ name, message, stack }: Error): object {
  return { name, message, stack };
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
  process.stderr.write(`dapr-functions: the log fails (${visible(reason)}); lines are lost\n`);
}

/** What `DAPR_FUNCTIONS_LOG=json` writes: one object a line, errors and warnings to standard error. */
const jsonLines: Functions = Object.fromEntries(
  (["debug", "info", "warn", "error"] as const).map((level) => [
    level,
    (...args: readonly unknown[]) => {
      const [fields, message] = typeof args[0] === "string" ? [{}, args[0]] : args;
      const head = { time: new Date().toISOString(), level, message };
      (level === "warn" || level === "error" ? process.stderr : process.stdout).write(`${jsonLine(head, fields)}\n`);
    },
  ]),
);

/** A field that JSON cannot hold, as a circle, is shown as text. */
function jsonLine(head: object, fields: unknown): string {
  try {
    return JSON.stringify({ ...head, ...(fields as object) }, jsonValue);
  } catch {
    const shown = Object.entries(fields as object).map(([name, value]) => [name, held(value)]);
    return JSON.stringify({ ...head, ...(Object.fromEntries(shown) as object) }, jsonValue);
  }
}

function held(value: unknown): unknown {
  try {
    JSON.stringify(value, jsonValue);
    return value;
  } catch {
    return inspect(value, { breakLength: Infinity });
  }
}

function jsonValue(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? told(value) : value;
}

function isObject(value: unknown): value is Functions {
  return typeof value === "object" && value !== null;
}

/** False for what has a `toJSON`, which would speak for the whole line, and for what cannot be read. */
function isPlain(value: unknown): value is Functions {
  if (!isObject(value)) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    const isBare = prototype === Object.prototype || prototype === null;
    return isBare && Object.keys(value).length >= 0 && typeof value["toJSON"] !== "function";
  } catch {
    return false;
  }
}
