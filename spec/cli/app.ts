import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ts from "typescript";
import { consumerProject } from "../support/packed.js";

const header = `import {
  DaprBindingOutput, DaprServiceInvocationTrigger, DaprStateInput, DaprStateOutput, DaprTopicTrigger, FunctionName, HttpTrigger,
  type CloudEvent, type Collector, type HttpRequest,
} from "dapr-functions";
`;

/** A project that has the packed library, and no functions yet. */
export function makeProject(type: "commonjs" | "module" = "commonjs", packages: readonly string[] = []): string {
  return consumerProject({ type, packages });
}

/** Writes files as they are. */
export function write(project: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
}

/** A module of functions in TypeScript, as a user writes it. */
export function source(text: string): string {
  return header + text;
}

/** The same, compiled as a user's build does. */
export function built(text: string, options: { metadata?: boolean; module?: boolean } = {}): string {
  return ts.transpileModule(source(text), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: options.module === true ? ts.ModuleKind.ES2022 : ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
      emitDecoratorMetadata: options.metadata !== false,
      useDefineForClassFields: false,
    },
  }).outputText;
}

/** Two functions that have nothing wrong with them. */
export const orders = `
export class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateOutput({ name: "order", stateStore: "%Store%", key: "{id}" })
  save(payload: { id: string }, { order }: { order: Collector<unknown> }): void { order.add(payload); }
  @FunctionName("read-order")
  @DaprServiceInvocationTrigger()
  read(): void {}
}
`;
