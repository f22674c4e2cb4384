import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** The source tree, also when this file runs from where the benchmark compiles it to. */
const root = ((folder: string): string => {
  while (!existsSync(join(folder, "package-lock.json"))) folder = dirname(folder);
  return folder;
})(__dirname);

/** The tarball as `npm pack` makes it, and the folder it unpacks to. */
export interface Packed {
  readonly tarball: string;
  /** Holds `package/`, as every npm tarball does. */
  readonly folder: string;
}

/** Builds and packs the library, once per test run whichever spec asks first. */
export function packLibrary(): Packed {
  const folder = join(process.env.DAPR_FUNCTIONS_RUN!, "packed");
  const done = join(folder, "done");
  try {
    mkdirSync(folder);
  } catch {
    waitFor(done);
    return { tarball: readFileSync(done, "utf8"), folder };
  }
  const build = join(folder, "build");
  mkdirSync(build);
  for (const file of ["package.json", "README.md", "LICENSE", "CHANGELOG.md"]) {
    if (existsSync(join(root, file))) writeFileSync(join(build, file), readFileSync(join(root, file)));
  }
  cpSync(join(root, "docs"), join(build, "docs"), { recursive: true });
  const tsc = join(root, "node_modules", "@typescript", "native", "bin", "tsc");
  // Sources lie beside what is built of them, as in the tree, so that the maps lead to them.
  cpSync(join(root, "lib"), join(build, "lib"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(build, "node_modules"));
  const config = { extends: join(root, "tsconfig.build.json"), include: ["lib"], exclude: ["lib/inspector/page"] };
  const compilerOptions = { rootDir: "lib", outDir: "dist", typeRoots: [join(root, "node_modules", "@types")] };
  writeFileSync(join(build, "tsconfig.json"), JSON.stringify({ ...config, compilerOptions }));
  execFileSync(process.execPath, [tsc, "-p", build]);
  const page = join(root, "lib", "inspector", "page");
  const pageOut = join(build, "dist", "inspector", "page");
  execFileSync(process.execPath, [tsc, "-p", page, "--outDir", pageOut]);
  execFileSync(process.execPath, [join(page, "copy.cjs"), join(build, "dist")]);
  const name = execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], {
    cwd: build,
  })
    .toString()
    .trim();
  const tarball = join(folder, name);
  execFileSync("tar", ["-xzf", tarball, "-C", folder]);
  // Whole when it is there: others read it at that moment.
  writeFileSync(`${done}.tmp`, tarball);
  renameSync(`${done}.tmp`, done);
  return { tarball, folder };
}

/**
 * A new, empty project whose node_modules holds the packed library, the dependencies that it declares, and the packages
 * named; nothing of the source tree can be reached from it by accident.
 */
export function consumerProject(options: { type?: "commonjs" | "module"; packages?: readonly string[] } = {}): string {
  const { folder } = packLibrary();
  const project = mkdtempSync(join(process.env.DAPR_FUNCTIONS_RUN!, "consumer-"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", type: options.type ?? "commonjs" }));
  const modules = join(project, "node_modules");
  mkdirSync(modules);
  execFileSync("cp", ["-r", join(folder, "package"), join(modules, "dapr-functions")]);
  const manifest = JSON.parse(readFileSync(join(folder, "package", "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(manifest.dependencies), ...(options.packages ?? [])]) {
    const link = join(modules, name);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  return project;
}

function waitFor(file: string): void {
  const until = Date.now() + 120_000;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(file)) {
    if (Date.now() > until) throw new Error(`${file} was not made: the library could not be packed`);
    Atomics.wait(cell, 0, 0, 50);
  }
}
