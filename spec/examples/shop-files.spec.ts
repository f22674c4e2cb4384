import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { readFunctions } from "../../lib/index.js";
import { InventoryFunctions } from "../../examples/shop/inventory/functions.js";
import { OrderFunctions } from "../../examples/shop/orders/functions.js";

const shop = join(__dirname, "../../examples/shop");

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Record<string, unknown> & {
    readonly type?: string;
    readonly template?: {
      readonly metadata: { readonly annotations: Record<string, string> };
      readonly spec: { readonly containers: readonly { readonly env: readonly { name: string; value?: string }[] }[] };
    };
  };
}

function resources(folder: string, kind: string): Resource[] {
  return readdirSync(join(shop, folder))
    .flatMap((file) => parseAllDocuments(readFileSync(join(shop, folder, file), "utf8")))
    .map((document) => document.toJS() as Resource)
    .filter((resource) => resource.kind === kind);
}

describe("the files of the shop", () => {
  const types = (folder: string): object =>
    Object.fromEntries(resources(folder, "Component").map(({ metadata, spec }) => [metadata.name, spec.type]));

  it("name the same components on one machine and on Kubernetes", () => {
    expect(types("kubernetes")).toEqual(types("resources"));
  });

  it("hold every component that the functions name", () => {
    const named = readFunctions([OrderFunctions, InventoryFunctions]).flatMap(({ trigger, inputs, outputs }) =>
      [trigger, ...inputs, ...outputs].flatMap((binding) => {
        const { stateStore, pubSubName } = binding as { stateStore?: string; pubSubName?: string };
        return [stateStore, pubSubName].filter((name) => name !== undefined);
      }),
    );
    expect(new Set(named)).toEqual(new Set(Object.keys(types("resources"))));
  });

  it("repeat the same on one machine and on Kubernetes", () => {
    expect(resources("kubernetes", "Resiliency")).toEqual(resources("resources", "Resiliency"));
  });

  it("give an application the same id and port everywhere", () => {
    const { apps } = parse(readFileSync(join(shop, "dapr.yaml"), "utf8")) as {
      apps: { appID: string; appPort: number; command: string[] }[];
    };
    const deployed = resources("kubernetes", "Deployment").map(({ spec }) => {
      const { annotations } = spec.template!.metadata;
      const { env } = spec.template!.spec.containers[0]!;
      expect(env.find(({ name }) => name === "DAPR_APP_PORT")?.value).toBe(annotations["dapr.io/app-port"]);
      return [annotations["dapr.io/app-id"], Number(annotations["dapr.io/app-port"])];
    });
    expect(Object.fromEntries(deployed)).toEqual(
      Object.fromEntries(apps.map(({ appID, appPort }) => [appID, appPort])),
    );
  });
});
