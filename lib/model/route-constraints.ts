/** What a value of a path must be for a route to match: the `int` of `{id:int}`. */
export interface RouteConstraint {
  /** As the route has it. */
  readonly text: string;
  /**
   * Whether a value is what it asks for; `undefined` stands for the rest of a path that has none. Missing where only the
   * Functions host can say, as it does for expressions of .NET.
   */
  readonly admits: ((value: string | undefined) => boolean) | undefined;
}

/**
 * Reads a constraint as ASP.NET does.
 *
 * @returns what is wrong and what to do, where the Functions host would not start with it
 * @see https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints (RouteOptions.cs)
 */
export function readConstraint(text: string): RouteConstraint | { readonly fault: string } {
  const { name, argument } = /^(?<name>[^(]*)(?:\((?<argument>.*)\))?$/s.exec(text)?.groups ?? {};
  const kind = Object.hasOwn(kinds, (name ?? "").toLowerCase()) ? kinds[name!.toLowerCase()]! : undefined;
  if (kind === undefined) {
    return { fault: `the constraint "${text}" is unknown; write one of ${Object.keys(kinds).join(", ")}` };
  }
  if (kind.takes === undefined) {
    return argument === undefined ? { text, admits: kind.admits } : { fault: `"${text}" takes nothing; write ${name}` };
  }
  const admits = argument === undefined ? undefined : kind.read(argument);
  return admits === undefined
    ? { fault: `"${text}" does not say what it asks for; write ${name}(${kind.takes})` }
    : { text, admits: admits === "host" ? undefined : admits };
}

type Admits = NonNullable<RouteConstraint["admits"]>;

type Kind =
  | { readonly takes?: undefined; readonly admits: Admits }
  | { readonly takes: string; readonly read: (argument: string) => Admits | "host" | undefined };

function matching(pattern: RegExp): Kind {
  return { admits: (value) => value !== undefined && pattern.test(value) };
}

/** Of whole numbers, between bounds. */
function integer(least: bigint, most: bigint): Kind {
  return { admits: within(least, most) };
}

function within(least: bigint, most: bigint): Admits {
  return (value) => {
    const number = integerOf(value);
    return number !== undefined && number >= least && number <= most;
  };
}

function ofLength(least: number, most: number): Admits {
  return (value) => value !== undefined && value.length >= least && value.length <= most;
}

/** Numbers of an argument, as a whole number each. */
function numbersOf<N extends number>(argument: string, count: N): readonly bigint[] | undefined {
  const numbers = argument.split(",").map((text) => integerOf(text));
  return numbers.length === count && numbers.every((number) => number !== undefined) ? numbers : undefined;
}

/** A whole number of 64 bits in .NET's spelling, with blanks around it; longer text is not one, and not read. */
function integerOf(value: string | undefined): bigint | undefined {
  const digits = value === undefined || value.length > 100 ? undefined : /^[+-]?\d+$/.exec(value.trim())?.[0];
  if (digits === undefined) return undefined;
  const number = BigInt(digits.replace(/^\+/, ""));
  return number >= leastLong && number <= mostLong ? number : undefined;
}

const leastLong = -(2n ** 63n);
const mostLong = 2n ** 63n - 1n;
const leastInt = -(2n ** 31n);
const mostInt = 2n ** 31n - 1n;

const lengths = (least: bigint, most: bigint): Admits | undefined =>
  least >= 0n && least <= most ? ofLength(Number(least), Number(most)) : undefined;

const floating = matching(/^\s*(?:[+-]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:infinity|∞)|[+-]?nan)\s*$/i);

/** Names in lower case, in the order of ASP.NET's documentation. */
const kinds: Readonly<Record<string, Kind>> = {
  int: integer(leastInt, mostInt),
  bool: matching(/^\s*(?:true|false)\s*$/i),
  datetime: { admits: (value) => value !== undefined && isDate(value) },
  decimal: matching(/^\s*(?:[+-]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)|(?:\d[\d,]*(?:\.\d*)?|\.\d+)[+-])\s*$/),
  double: floating,
  float: floating,
  guid: matching(guidPattern()),
  long: integer(leastLong, mostLong),
  minlength: { takes: "n", read: (argument) => numbersOf(argument, 1)?.map((n) => lengths(n, mostInt))[0] },
  maxlength: { takes: "n", read: (argument) => numbersOf(argument, 1)?.map((n) => lengths(0n, n))[0] },
  length: {
    takes: "n, or n,m",
    read(argument) {
      const [least, most = least] = numbersOf(argument, 1) ?? numbersOf(argument, 2) ?? [];
      return least === undefined ? undefined : lengths(least, most!);
    },
  },
  min: { takes: "n", read: (argument) => numbersOf(argument, 1)?.map((n) => within(n, mostLong))[0] },
  max: { takes: "n", read: (argument) => numbersOf(argument, 1)?.map((n) => within(leastLong, n))[0] },
  range: {
    takes: "n,m",
    read(argument) {
      const [least, most] = numbersOf(argument, 2) ?? [];
      return least === undefined || least > most! ? undefined : within(least, most!);
    },
  },
  alpha: matching(/^[a-z]+$/i),
  regex: { takes: "expression", read: (argument) => (argument === "" ? undefined : expressionOf(argument)) },
  required: { admits: (value) => value !== undefined && value !== "" },
  file: { admits: isFile },
  nonfile: { admits: (value) => !isFile(value) },
};

/** With hyphens or without, in braces or parentheses. */
function guidPattern(): RegExp {
  const hyphened = "[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}";
  return new RegExp(`^\\s*(?:[\\da-f]{32}|${hyphened}|\\{${hyphened}\\}|\\(${hyphened}\\))\\s*$`, "i");
}

const datePattern =
  /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ]\s?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,7})?)?\s?(am|pm)?\s?(?:z|[+-]\d{2}:?\d{2})?)?\s*$/i;

/** Of the spellings that .NET reads, those of ISO 8601, with blanks and am or pm: others have two meanings. */
function isDate(value: string): boolean {
  const found = datePattern.exec(value);
  if (found === null) return false;
  const [year, month, day, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const isTwelve = found[7] !== undefined;
  const daysOfMonth = new Date(Date.UTC(year!, month!, 0)).getUTCDate();
  const isDay = year! >= 1 && month! >= 1 && month! <= 12 && day! >= 1 && day! <= daysOfMonth;
  return isDay && minute < 60 && second < 60 && (isTwelve ? hour >= 1 && hour <= 12 : hour < 24);
}

/** Ignores case, and looks for the expression anywhere, as ASP.NET does. */
function expressionOf(text: string): Admits | "host" {
  try {
    const pattern = new RegExp(text, "iu");
    return (value) => value !== undefined && pattern.test(value);
  } catch {
    return "host";
  }
}

/** The last segment has a dot with something behind it. */
function isFile(value: string | undefined): boolean {
  const last = value?.slice(value.lastIndexOf("/") + 1) ?? "";
  const dot = last.indexOf(".");
  return dot !== -1 && /[^.]/.test(last.slice(dot));
}
