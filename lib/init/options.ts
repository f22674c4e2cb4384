/** What a new project is to be. */
export interface ProjectOptions {
  /** Of package.json and, without a scope, the app id. */
  readonly name: string;
  readonly target: "serve" | "azure-v3" | "azure-v4";
  readonly decorators: "standard" | "legacy";
  readonly tests: "node" | "jest" | "vitest";
  readonly packageManager: PackageManager;
  /** Version of this library that the project asks for. */
  readonly version: string;
}

export type PackageManager = "npm" | "pnpm" | "yarn" | "bun";
