import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { placeIn } from "../../inspector/recorder.js";
import { cycleFrom } from "./module-search.js";

/** Why a module did not load, and where it stands in the user's files, in a line or two that need no stack trace. */
export function reasonOf(error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error);
  const uninitialised = /^Cannot access '(.+)' before initialization$/.exec(error.message);
  if (uninitialised !== null) {
    const cycle = cycleOf(file);
    return (
      `${uninitialised[1]} is used before its module has run, since modules import each other in a circle` +
      `${cycle === undefined ? "" : ` (${cycle})`}; move what both need into a module of its own`
    );
  }
  const place = placeBefore(error.stack) ?? placeIn(error.stack);
  const said = tidied(error.message) + (place === undefined ? "" : ` (${place})`);
  if (error instanceof TypeError) {
    // In CommonJS what a circle has not reached yet is undefined.
    const cycle = cycleOf(file);
    if (cycle === undefined) return said;
    const what = `${said}, perhaps since modules import each other in a circle (${cycle})`;
    return `${what}; move what both need into a module of its own`;
  }
  if (error instanceof ReferenceError && /^(?:require|module|exports|__\w+) is not defined/.test(error.message)) {
    return `${said}: TypeScript is loaded as ES modules here; build it and give the .js file`;
  }
  return said;
}

/** The file and line that Node puts before what it says of a module that cannot run: `file:///app/src/orders.ts:2`. */
function placeBefore(stack = ""): string | undefined {
  const first = stack.slice(0, stack.indexOf("\n"));
  const [, before, line] = /^([^\n]+):(\d{1,7})$/.exec(first) ?? [];
  if (before === undefined) return undefined;
  const path = before.startsWith("file:") ? fileURLToPath(before) : before;
  return isAbsolute(path) && !/[\\/]node_modules[\\/]/.test(path) ? `${shown(path)}:${line}` : undefined;
}

function cycleOf(file: string): string | undefined {
  const cycle = cycleFrom(file);
  return cycle.length === 0 ? undefined : cycle.map(shown).join(" -> ");
}

function tidied(message: string): string {
  // What swc adds where RUST_BACKTRACE is set says nothing of the module.
  return message
    .split("\nStack backtrace:")[0]!
    .replace(/\nRequire stack:\n- ([^\n]+)(?:\n- [^\n]+)*$/, (_, by: string) => `, which ${shown(by)} requires`)
    .replace(/(?<!\s)\s+Caused by:\s+Syntax Error\s*$/, "");
}

/** A path as the command line would have it. */
export function shown(file: string): string {
  return relative(process.cwd(), file).replaceAll("\\", "/");
}
