/**
 * The part of .NET's date and GUID formats that expressions have outside the Functions host too.
 *
 * @see https://learn.microsoft.com/dotnet/standard/base-types/custom-date-and-time-format-strings
 */

/** A GUID, told apart from text because a format applies to it. */
export class Guid {
  private constructor(private readonly text: string) {}

  static random(): Guid {
    return new Guid(crypto.randomUUID());
  }

  /** @param format `N` digits only, `D` with hyphens, `B` in braces too, `P` in parentheses too; in either case */
  format(format = "D"): string | undefined {
    switch (format.toUpperCase()) {
      case "N":
        return this.text.replaceAll("-", "");
      case "D":
        return this.text;
      case "B":
        return `{${this.text}}`;
      case "P":
        return `(${this.text})`;
    }
    return undefined;
  }
}

export function isGuidFormat(format: string): boolean {
  return /^[NDBP]$/i.test(format);
}

const specifiers: Readonly<Record<string, (date: Date) => string>> = {
  yyyy: (date) => pad(date.getUTCFullYear(), 4),
  yy: (date) => pad(date.getUTCFullYear() % 100, 2),
  MM: (date) => pad(date.getUTCMonth() + 1, 2),
  M: (date) => String(date.getUTCMonth() + 1),
  dd: (date) => pad(date.getUTCDate(), 2),
  d: (date) => String(date.getUTCDate()),
  HH: (date) => pad(date.getUTCHours(), 2),
  H: (date) => String(date.getUTCHours()),
  mm: (date) => pad(date.getUTCMinutes(), 2),
  m: (date) => String(date.getUTCMinutes()),
  ss: (date) => pad(date.getUTCSeconds(), 2),
  s: (date) => String(date.getUTCSeconds()),
  fff: (date) => pad(date.getUTCMilliseconds(), 3),
  K: () => "Z",
};

// A run of one letter is one specifier, but for K; quoted text is one piece.
const piece = /K|([A-Za-z])\1*|'[^']*'|"[^"]*"|[^]/g;
const onlyDotNet = /^[dfFghHKmMstyz%\\'"]/;

/** The date in UTC; undefined when the format is one that {@link isDateFormat} refuses. */
export function formatDate(date: Date, format = "yyyy-MM-ddTHH-mm-ssK"): string | undefined {
  // A single character is one of .NET's standard formats.
  if (format.length === 1) return undefined;
  let text = "";
  for (const [part] of format.matchAll(piece)) {
    const specifier = Object.hasOwn(specifiers, part) ? specifiers[part] : undefined;
    if (specifier) text += specifier(date);
    else if (isQuoted(part)) text += part.slice(1, -1);
    else if (onlyDotNet.test(part)) return undefined;
    else text += part;
  }
  return text;
}

export function isDateFormat(format: string): boolean {
  return formatDate(new Date(0), format) !== undefined;
}

// A backslash escapes inside quotes too, which is left to .NET.
function isQuoted(part: string): boolean {
  return part.length > 1 && /^['"]/.test(part) && !part.includes("\\");
}

function pad(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
