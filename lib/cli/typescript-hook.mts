import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
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
type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => Promise<ResolveFnOutput>;
type NextLoad = (url: string, context?: Partial<LoadHookContext>) => Promise<LoadFnOutput>;

let swc: Swc;
let data: HookData;

/** Runs in the thread of the hooks, before the first module is asked for. */
export function initialize(given: HookData): void {
  data = given;
  swc = createRequire(import.meta.url)(given.swc) as Swc;
}

const typeScript = /\.[cm]?ts$/;

/** Finds the `.ts` file for `./order.js` and `./order`, as the compiler does. */
export async function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: NextResolve,
): Promise<ResolveFnOutput> {
  const { parentURL } = context;
  if ((specifier.startsWith(".") || specifier.startsWith("file:")) && parentURL !== undefined) {
    const { href } = new URL(specifier, parentURL);
    for (const url of [href.replace(/\.([cm]?)js$/, ".$1ts"), `${href}.ts`, href]) {
      if (typeScript.test(url) && existsSync(fileURLToPath(url))) return { url, format: "module", shortCircuit: true };
    }
  } else if (specifier.startsWith("file:") && typeScript.test(specifier)) {
    return { url: specifier, format: "module", shortCircuit: true };
  }
  return next(specifier, context);
}

/** Everything is compiled to ES modules, whatever the package says: only they can be loaded from here. */
export async function load(url: string, context: LoadHookContext, next: NextLoad): Promise<LoadFnOutput> {
  if (!url.startsWith("file:") || !typeScript.test(url)) return next(url, context);
  const filename = fileURLToPath(url);
  const { legacyDecorators, decoratorMetadata } = data;
  const { code } = await swc.transform(await readFile(filename, "utf8"), {
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
