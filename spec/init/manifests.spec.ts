import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validate } from "dockerfile-utils";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { parseAllDocuments } from "yaml";
import { deploymentFiles } from "../../lib/init/deployment.js";
import { managers } from "../../lib/init/project.js";
import type { PackageManager } from "../../lib/init/options.js";

const root = join(__dirname, "..", "..");
const shop = join(root, "examples/shop/kubernetes");

/** What of each file is a Deployment: the other kinds are Dapr's, which specs hold to daprd. */
const deployments = Object.entries({
  "init: deploy/kubernetes.yaml": deploymentFiles("shop", "npm")["deploy/kubernetes.yaml"]!,
  ...Object.fromEntries(
    readdirSync(shop).map((file) => [`examples/shop/kubernetes/${file}`, readFileSync(join(shop, file), "utf8")]),
  ),
}).flatMap(([file, text]) =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as { kind: string })
    .filter(({ kind }) => kind === "Deployment")
    .map((resource) => [file, resource] as const),
);

describe("manifests", () => {
  it.each(deployments)("of %s are valid by the schema of Kubernetes", (_, resource) => {
    expect(() => new Deployment(resource as never).validate()).not.toThrow();
  });

  it("have no member that Kubernetes does not know, which kubectl refuses", () => {
    const folder = mkdtempSync(join(process.env["DAPR_FUNCTIONS_RUN"]!, "manifests-"));
    const types = JSON.stringify(join(root, "node_modules/kubernetes-models/apps/v1/Deployment.js"));
    const constants = [...deployments, ["misspelt", { spec: { replica: 2 } }] as const].map(
      ([file, resource], index) =>
        `// ${file}\nexport const resource${index}: IDeployment = ${JSON.stringify(resource)};\n`,
    );
    writeFileSync(join(folder, "all.mts"), `import type { IDeployment } from ${types};\n${constants.join("")}`);
    expect(problemsOf(join(folder, "all.mts"))).toEqual([
      expect.stringContaining(`'"replica"' does not exist in type 'IDeploymentSpec'`),
    ]);
  });

  it.each(Object.keys(managers) as PackageManager[])(
    "for a container with %s are a Dockerfile without a fault",
    (manager) => {
      expect(validate(deploymentFiles("shop", manager)["Dockerfile"]!)).toEqual([]);
    },
  );

  it("leave the token of Azure Container Apps to it, whose sidecar sends no other", () => {
    expect(deploymentFiles("shop", "npm")["deploy/container-app.bicep"]).not.toMatch(
      /name: 'APP_API_TOKEN'|appApiToken/,
    );
  });

  const page = readFileSync(join(root, "docs/deploy.md"), "utf8");
  const blocks = [...page.matchAll(/^```(dockerfile|yaml|bicep)\n([^]*?)^```$/gm)].map(
    ([, kind, text]) => [kind!, text!] as const,
  );

  it.each(blocks)("of docs/deploy.md (%s) are what init writes: %s", (kind, text) => {
    const files = deploymentFiles("shop", "npm");
    const file = { dockerfile: "Dockerfile", yaml: "deploy/kubernetes.yaml", bicep: "deploy/container-app.bicep" }[
      kind
    ]!;
    expect(linesOf(files[file]!)).toContain(linesOf(text));
  });
});

/** Without comments and indentation, which the page leaves out. */
function linesOf(text: string): string {
  return text.replace(/^ *((#|\/\/) .*\n)?/gm, "");
}

function problemsOf(file: string): string[] {
  const tsc = join(root, "node_modules/@typescript/native/bin/tsc");
  const options = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--types",
    "",
    file,
  ];
  try {
    execFileSync(process.execPath, [tsc, ...options], { encoding: "utf8" });
    return [];
  } catch (error) {
    return (error as { stdout: string }).stdout.split("\n").filter((line) => line.includes("error TS"));
  }
}
