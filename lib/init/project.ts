import { deploymentFiles } from "./deployment.js";
import { functionFiles } from "./functions.js";
import type { PackageManager, ProjectOptions } from "./options.js";

/** What a version of each package is asked for, where the project needs it. */
const versions = {
  zod: "^4.0.0",
  "class-validator": "^0.15.1",
  "class-transformer": "^0.5.1",
  "@azure/functions": "^4.5.0",
  typescript: "^5.9.3",
  "@types/node": "^22.0.0",
  "@swc/core": "^1.15.0",
  jest: "^30.0.0",
  "@types/jest": "^30.0.0",
  vitest: "^3.2.0",
} as const;

type Package = keyof typeof versions;

/** The files of a new project by path. Pure: equal options give equal files. */
export function projectFiles(options: ProjectOptions): Readonly<Record<string, string>> {
  return {
    "package.json": json(packageJson(options)),
    "tsconfig.json": json(tsconfig(options)),
    ".gitignore": [
      "node_modules/",
      "build/",
      "*.log",
      ...(options.target === "serve" ? [] : ["local.settings.json"]),
      "",
    ].join("\n"),
    ...functionFiles(options),
    "components/statestore.yaml": component("statestore", "state.in-memory"),
    "components/messagebus.yaml": component("messagebus", "pubsub.in-memory"),
    ".github/workflows/ci.yml": workflow(options),
    "README.md": readme(options),
    ...(options.target === "serve" ? deploymentFiles(options.name, options.packageManager) : {}),
  };
}

/** How a package manager runs a script, and installs what is locked. */
export const managers: Readonly<
  Record<
    PackageManager,
    { readonly run: string; readonly install: string; readonly locked: string; readonly lockFile: string }
  >
> = {
  npm: { run: "npm run", install: "npm install", locked: "npm ci", lockFile: "package-lock.json" },
  pnpm: {
    run: "pnpm run",
    install: "pnpm install",
    locked: "pnpm install --frozen-lockfile",
    lockFile: "pnpm-lock.yaml",
  },
  yarn: { run: "yarn run", install: "yarn install", locked: "yarn install --frozen-lockfile", lockFile: "yarn.lock" },
  bun: { run: "bun run", install: "bun install", locked: "bun install --frozen-lockfile", lockFile: "bun.lock" },
};

function packageJson({ name, target, decorators, tests, version }: ProjectOptions): object {
  const generate = target === "azure-v3" ? " && dapr-functions generate build/functions.js" : "";
  const test = {
    // The shell finds the files: Node 20 does not, and as of Node 22 a folder is none.
    node: "node --test build/*.test.js",
    jest: "jest --rootDir build",
    vitest: "vitest run --dir build",
  }[tests];
  const dependencies: Package[] = [
    ...(target === "azure-v4" ? (["@azure/functions"] as const) : []),
    ...(decorators === "standard" ? [] : (["class-transformer", "class-validator"] as const)),
  ];
  const devDependencies: Package[] = [
    "@swc/core",
    ...(tests === "jest" ? (["@types/jest"] as const) : []),
    "@types/node",
    ...(tests === "node" ? [] : ([tests] as const)),
    "typescript",
  ];
  return {
    name,
    version: "0.1.0",
    private: true,
    // Test runners load CommonJS without a flag.
    type: tests === "jest" ? "commonjs" : "module",
    ...(target === "azure-v4" && { main: "build/azure.js" }),
    scripts: {
      build: `tsc -p tsconfig.json${generate}`,
      start: "npm run build && dapr-functions run build/functions.js --components components",
      dev: "dapr-functions run src/functions.ts --components components --watch",
      ...(target === "serve" ? { serve: "node build/main.js" } : { azure: "npm run build && func start" }),
      test: `npm run build && ${test}`,
      check: `npm run build && dapr-functions check build/functions.js --components components${target === "serve" ? " --standalone" : ""}`,
    },
    dependencies: {
      ...versionsOf(dependencies),
      "dapr-functions": version,
      ...(decorators === "standard" && versionsOf(["zod"])),
    },
    devDependencies: versionsOf(devDependencies),
    engines: { node: ">=20.19" },
  };
}

function versionsOf(packages: readonly Package[]): Record<string, string> {
  return Object.fromEntries(packages.map((name) => [name, versions[name]]));
}

function tsconfig({ decorators, tests }: ProjectOptions): object {
  return {
    compilerOptions: {
      target: "es2022",
      lib: ["es2023", "esnext.decorators", "esnext.disposable"],
      module: "node20",
      types: tests === "jest" ? ["node", "jest"] : ["node"],
      rootDir: "src",
      outDir: "build",
      strict: true,
      skipLibCheck: true,
      sourceMap: true,
      ...(decorators === "legacy" && { experimentalDecorators: true, emitDecoratorMetadata: true }),
    },
    include: ["src"],
  };
}

function component(name: string, type: string): string {
  return `# In memory, for one machine. See https://docs.dapr.io/reference/components-reference/ for those that last.
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: ${name}
spec:
  type: ${type}
  version: v1
  metadata: []
`;
}

function workflow({ packageManager }: ProjectOptions): string {
  const { locked, run } = managers[packageManager];
  const setUp =
    packageManager === "pnpm"
      ? "      - uses: pnpm/action-setup@v4\n        with:\n          version: 10\n"
      : packageManager === "bun"
        ? "      - uses: oven-sh/setup-bun@v2\n"
        : "";
  return `name: ci
on:
  push:
  pull_request:
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
${setUp}      - uses: actions/setup-node@v5
        with:
          node-version: 22
      - run: ${locked}
      - run: ${run} test
      - run: ${run} check
`;
}

function readme({ name, target, packageManager }: ProjectOptions): string {
  const { install, run } = managers[packageManager];
  const host =
    target === "serve"
      ? "`src/main.ts` serves the functions beside a Dapr sidecar: `dapr run -f .` on your machine, `deploy/` for Kubernetes and Azure Container Apps."
      : `\`${run} azure\` builds and starts the Functions host, with the Dapr sidecar beside it as Azure's Dapr extension documents.`;
  return `# ${name}

\`\`\`sh
${install} && ${run} start   # the functions beside an embedded sidecar, nothing else to install
${install} && ${run} test
${run} dev   # as start, and loads the functions anew when a file is saved
\`\`\`

With the first one running:

\`\`\`sh
curl -X POST http://127.0.0.1:3500/v1.0/invoke/${name}/method/createNewOrder \\
  -H 'content-type: application/json' -d '{"id":"41","total":3}'
\`\`\`

The functions are in \`src/functions.ts\`, their tests beside them. ${host}
`;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
