import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parse, stringify } from "yaml";
import type { Order } from "../../examples/shop/messages.js";
import { compileFolder } from "../support/app-process.js";
import { freePort, killAtExit } from "../support/daprd.js";
import { accountReader, itServesOrders } from "./shop-cases.js";

const shop = join(__dirname, "../../examples/shop");

interface RunFile {
  readonly common: { resourcesPath: string };
  readonly apps: { appID: string; appDirPath: string; appPort: number; daprHTTPPort: number; command: string[] }[];
}

describe("the shop [run dapr.yaml, without daprd]", () => {
  let command: ChildProcess;
  let lines: string[];
  let compiled: string;
  const sidecars: Record<string, string> = {};

  beforeAll(async () => {
    compiled = compileFolder(shop, ["class-validator", "class-transformer"]);
    const file = parse(readFileSync(join(shop, "dapr.yaml"), "utf8")) as RunFile;
    file.common.resourcesPath = join(shop, "resources");
    for (const app of file.apps) {
      app.appDirPath = ".";
      app.appPort = await freePort();
      app.daprHTTPPort = await freePort();
      app.command = app.command.map((part) => part.replace(/^.*examples\/shop\//, ""));
    }
    writeFileSync(join(compiled, "dapr.yaml"), stringify(file));
    await start();
  }, 120_000);

  async function start(): Promise<void> {
    lines = [];
    const main = join(compiled, "..", "node_modules", "dapr-functions", "dist", "cli", "main.js");
    command = spawn(process.execPath, [main, "run", "dapr.yaml"], { cwd: compiled, stdio: ["ignore", "pipe", "pipe"] });
    killAtExit(command);
    await new Promise<void>((resolve, reject) => {
      const waiting = new Set(["orders", "inventory"]);
      const read = (line: string): void => {
        lines.push(line);
        const [, appId, url] = /^(\w+) at \S+ its sidecar at (\S+)/.exec(line) ?? [];
        if (appId !== undefined) sidecars[appId] = url!;
        waiting.delete(/^== APP - (\w+) == \1 at /.exec(line)?.[1] ?? "");
        if (waiting.size === 0) resolve();
      };
      createInterface(command.stdout!).on("line", read);
      createInterface(command.stderr!).on("line", read);
      command.once("close", () => reject(new Error(lines.join("\n"))));
    });
    for (const url of Object.values(sidecars)) {
      while ((await fetch(`${url}/v1.0/healthz`)).status !== 204) await delay(20);
    }
  }
  beforeEach(async () => {
    if (command.exitCode !== null || command.signalCode !== null) await start();
  });
  afterAll(async () => {
    command.kill("SIGTERM");
    if (command.exitCode === null && command.signalCode === null) await once(command, "close");
  });

  const post = async (at: string, path: string, data: unknown): Promise<unknown> => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${sidecars[at]}${path}`, { method: "POST", headers, body: JSON.stringify(data) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  const invoke = async <T>(at: string, appId: string, method: string, data: object): Promise<T> =>
    (await post(at, `/v1.0/invoke/${appId}/method/${method}`, data)) as T;
  const account = (customer: string): Promise<{ bought: number; counted: string[] }> =>
    invoke("orders", "orders", "account", { customer });

  itServesOrders(() => ({
    place: (order) => invoke("orders", "orders", "placeOrder", order),
    placeAt: (order) => invoke("inventory", "orders", "placeOrder", order),
    stockUp: (sku, quantity) => invoke("orders", "inventory", "stockUp", { sku, quantity }),
    stock: (sku) => invoke("orders", "inventory", "stock", { sku }),
    orderOf: (id) => invoke("orders", "orders", "order", { id }),
    account,
    accountWith: accountReader(account),
    tell: async (order: Order, id: string) => {
      const query = `metadata.cloudevent.id=${id}&metadata.cloudevent.source=shop`;
      await post("orders", `/v1.0/publish/shop-bus/orders?${query}`, order);
    },
  }));

  it("lets orders ask inventory while they run", async () => {
    await invoke("orders", "inventory", "stockUp", { sku: "asked-for", quantity: 2 });
    const canServe = (quantity: number) => invoke("orders", "orders", "canServe", { sku: "asked-for", quantity });
    expect([await canServe(2), await canServe(3)]).toEqual([true, false]);
  });

  it("says what stands in for Redis, and what of the file is not applied", () => {
    expect(lines).toContain('orders: component "shop-bus" of type pubsub.redis: one in memory stands in for it');
    expect(lines).toContain("dapr.yaml: configFilePath is not applied here; daprd applies it");
  });

  it("prints a line for each invocation, as run does for modules", async () => {
    await invoke("orders", "inventory", "stockUp", { sku: "printed", quantity: 1 });
    await invoke("orders", "orders", "placeOrder", { id: "printed", customer: "eve", sku: "printed", quantity: 1 });
    const isPrinted = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));
    for (const pattern of [
      / orders\/placeOrder POST \/placeOrder [\d.]+ ms → /,
      / orders\/\S+ topic shop-bus\/\S+ [\d.]+ ms → /,
    ]) {
      while (!isPrinted(pattern)) await once(command.stdout!, "data");
      expect(isPrinted(pattern)).toBe(true);
    }
  });

  it("ends its applications, and then itself, on SIGTERM", async () => {
    command.kill("SIGTERM");
    expect(await once(command, "close")).toEqual([0, null]);
    expect(lines.filter((line) => line.includes(" has ended ")).sort()).toEqual([
      "inventory has ended with 0",
      "orders has ended with 0",
    ]);
  });
});
