import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { LoadFnOutput, LoadHookContext, ResolveFnOutput, ResolveHookContext } from "node:module";
import { fileURLToPath } from "node:url";

export interface HookData {
  /** Where @swc/core is. */
  readonly swc: string;
  /** The dialect of the project's tsconfig.json, so that what is read is what runs. */
  readonly legacyDecorators: boolean;
  readonly decoratorMetadata: boolean;
}

type Swc = typeof import("@swc/core");
/** What a hook answers: at once in the program's own thread, later in a thread of hooks. */
type Now<T> = T | Promise<T>;
type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => Now<ResolveFnOutput>;
type NextLoad = (url: string, context?: Partial<LoadHookContext>) => Now<LoadFnOutput>;

let swc: Swc;
let data: HookData;

/** Runs before the first module is asked for. */
export function initialize(given: HookData): void {
  data = given;
  swc = createRequire(import.meta.url)(given.swc) as Swc;
}

const typeScript = /\.[cm]?ts$/;

/** Finds the `.ts` file for `./order.js`, `./order` and a folder with an index, as the compiler does. */
export function resolve(specifier: string, context: ResolveHookContext, next: NextResolve): Now<ResolveFnOutput> {
  const { parentURL, conditions } = context;
  // What is required is CommonJS, which a thread of hooks never sees.
  if (conditions.includes("require")) return next(specifier, context);
  if ((specifier.startsWith(".") || specifier.startsWith("file:")) && parentURL !== undefined) {
    const { href } = new URL(specifier, parentURL);
    const index = `${href.replace(/\/$/, "")}/index.ts`;
    for (const url of [href.replace(/\.([cm]?)js$/, ".$1ts"), `${href}.ts`, href, index]) {
      if (typeScript.test(url) && existsSync(fileURLToPath(url))) return { url, format: "module", shortCircuit: true };
    }
  } else if (specifier.startsWith("file:") && typeScript.test(specifier)) {
    return { url: specifier, format: "module", shortCircuit: true };
  }
  const found = next(specifier, context);
  if (parentURL === undefined || !typeScript.test(parentURL)) return found;
  return found instanceof Promise ? found.then(sayingJson) : sayingJson(found);
}

/** What is built as CommonJS imports JSON without saying so, and swc leaves out of an ES module that it does. */
function sayingJson(found: ResolveFnOutput): ResolveFnOutput {
  return found.url.endsWith(".json") ? { ...found, importAttributes: { type: "json" } } : found;
}

/** Everything is compiled to ES modules, whatever the package says: only they can be loaded from here. */
export function load(url: string, context: LoadHookContext, next: NextLoad): Now<LoadFnOutput> {
  if (!url.startsWith("file:") || !typeScript.test(url)) return next(url, context);
  const filename = fileURLToPath(url);
  const { legacyDecorators, decoratorMetadata } = data;
  const { code } = swc.transformSync(readFileSync(filename, "utf8"), {
    filename,
    swcrc: false,
    sourceMaps: "inline",
    module: { type: "es6" },
    jsc: {
      target: "es2022",
      keepClassNames: true,
      parser: { syntax: "typescript", decorators: true },
      transform: legacyDecorators
        ? { legacyDecorator: true, decoratorMetadata, useDefineForClassFields: false }
        : { decoratorVersion: "2022-03" },
    },
  });
  return { format: "module", source: code, shortCircuit: true };
}
