import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { CommunicationProtocolEnum, DaprClient, HttpMethod } from "@dapr/dapr";
import { createClient } from "redis";
import type { Account, Order, Stock } from "../../examples/shop/messages.js";
import { compileFolder } from "../support/app-process.js";
import { findDaprd, killAtExit } from "../support/daprd.js";
import { accountReader, itServesOrders } from "./shop-cases.js";
import { canRun } from "../support/not-run.js";
import { startRedis, type Redis } from "../support/redis.js";

interface Running {
  readonly pids: { readonly app: number; readonly daprd: number };
  readonly ports: { readonly app: number; readonly http: number; readonly grpc: number };
}
type AppId = "orders" | "inventory";

const root = join(__dirname, "../..");
const silence = (): void => undefined;
const logger = { service: { error: silence, warn: silence, info: silence, verbose: silence, debug: silence } };

if (canRun("the shop", "daprd", "redis-server")) {
  describe("the shop [two apps]", () => {
    let redis: Redis;
    let store: ReturnType<typeof connected>;
    let shop: ChildProcess;
    let orders: DaprClient;
    let inventory: DaprClient;
    /** What the start script has said of each application, the latest last. */
    const said: Record<AppId, Running[]> = { orders: [], inventory: [] };
    let onSaid = silence;
    const output: string[] = [];

    const connected = () => createClient({ url: `redis://${redis.host}` });
    const running = async (appId: AppId, count: number): Promise<Running> => {
      while (said[appId].length < count) {
        if (shop.exitCode !== null || shop.signalCode !== null) throw new Error(`it ended:\n${output.join("\n")}`);
        await new Promise<void>((resolve, reject) => {
          const why = `${appId} did not run a ${count}. time within 60 s:\n`;
          const timer = setTimeout(() => reject(new Error(why + output.slice(-40).join("\n"))), 60_000);
          onSaid = () => (clearTimeout(timer), resolve());
        });
      }
      return said[appId][count - 1]!;
    };

    /** A daprd with health checks answers no call before the first of them, which may come after it says that it runs. */
    const healthy = async (appId: AppId, daprPort: number): Promise<void> => {
      const url = `http://127.0.0.1:${daprPort}/v1.0/invoke/${appId}/method/healthz`;
      while (!(await fetch(url)).ok) await delay(50);
    };

    beforeAll(async () => {
      redis = await startRedis();
      store = connected();
      await store.connect();
      const compiled = compileFolder(join(root, "examples", "shop"), ["class-validator", "class-transformer"]);
      shop = fork(join(compiled, "start.mjs"), {
        env: {
          ...process.env,
          DAPRD: findDaprd(),
          REDIS_HOST: redis.host,
          SHOP_PORTS: "free",
          SHOP_SOURCES: join(root, "examples", "shop"),
        },
        silent: true,
      });
      killAtExit(shop);
      shop.once("close", () => onSaid());
      createInterface(shop.stderr!).on("line", (line) => output.push(line));
      createInterface(shop.stdout!).on("line", (line) => {
        output.push(line);
        const [, appId, state] = /^(\w+) is running (.*)$/.exec(line) ?? [];
        if (appId === undefined) return;
        said[appId as AppId].push(JSON.parse(state!) as Running);
        onSaid();
      });
      const client = async (appId: AppId, communicationProtocol: CommunicationProtocolEnum): Promise<DaprClient> => {
        const { ports } = await running(appId, 1);
        const daprPort = String(communicationProtocol === CommunicationProtocolEnum.HTTP ? ports.http : ports.grpc);
        const dapr = new DaprClient({ daprHost: "127.0.0.1", daprPort, communicationProtocol, logger });
        await dapr.start();
        return dapr;
      };
      inventory = await client("inventory", CommunicationProtocolEnum.GRPC);
      orders = await client("orders", CommunicationProtocolEnum.HTTP);
      for (const appId of ["orders", "inventory"] as const) await healthy(appId, (await running(appId, 1)).ports.http);
    });
    afterAll(async () => {
      await orders.stop();
      await inventory.stop();
      const gone = new Promise((resolve) => shop.once("close", resolve));
      shop.kill("SIGTERM");
      await gone;
      await store.close();
      await redis.close();
    });

    const invoke = async <T>(dapr: DaprClient, appId: AppId, method: string, data: object): Promise<T> =>
      (await dapr.invoker.invoke(appId, method, HttpMethod.POST, data)) as T;
    const place = (order: Order): Promise<Order> => invoke(orders, "orders", "placeOrder", order);
    const stockUp = (sku: string, quantity: number): Promise<unknown> =>
      invoke(orders, "inventory", "stockUp", { sku, quantity });
    const stock = (sku: string): Promise<Stock> => invoke(orders, "inventory", "stock", { sku });
    const account = (customer: string): Promise<Account> => invoke(orders, "orders", "account", { customer });
    const orderOf = (id: string): Promise<Order | null> => invoke(orders, "orders", "order", { id });
    const accountWith = accountReader(account);
    const tell = async (order: Order, id: string): Promise<void> => {
      const options = { metadata: { "cloudevent.id": id, "cloudevent.source": "shop" } };
      expect(await orders.pubsub.publish("shop-bus", "orders", order, options)).toMatchObject({});
    };

    itServesOrders(() => ({
      place,
      placeAt: (order) => invoke(inventory, "orders", "placeOrder", order),
      stockUp,
      stock,
      orderOf,
      account,
      accountWith,
      tell,
    }));

    it("keeps what it has said yes to while daprd is killed under load, and its apps survive", async () => {
      const placed: string[] = [];
      const ids = Array.from({ length: 300 }, (_, index) => `load-${index}`);
      for (const id of ids) await stockUp(id, 1);
      const before = { orders: said.orders.at(-1)!, inventory: said.inventory.at(-1)! };
      const waiting = [...ids];
      let refused = 0;
      const call = async (): Promise<void> => {
        for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
          if (waiting.length === 200) process.kill(said.orders.at(-1)!.pids.daprd, "SIGKILL");
          if (waiting.length === 100) process.kill(said.inventory.at(-1)!.pids.daprd, "SIGKILL");
          await place({ id, customer: `customer of ${id}`, sku: id, quantity: 1 }).then(
            () => placed.push(id),
            async () => {
              refused += 1;
              await delay(20);
            },
          );
        }
      };
      await Promise.all(Array.from({ length: 4 }, call));
      const after = {
        orders: await running("orders", said.orders.indexOf(before.orders) + 2),
        inventory: await running("inventory", said.inventory.indexOf(before.inventory) + 2),
      };
      expect(after.orders.pids.daprd).not.toBe(before.orders.pids.daprd);
      expect(after.orders.pids.app).toBe(before.orders.pids.app);
      expect(after.inventory.pids.app).toBe(before.inventory.pids.app);

      expect(placed.length + refused).toBe(ids.length);
      expect(placed.length).toBeGreaterThan(0);
      for (const id of placed) {
        expect(await orderOf(id)).toMatchObject({ id });
        expect(await stock(id)).toEqual({ available: 0, reserved: { [id]: 1 } });
        expect(await accountWith(`customer of ${id}`, 1)).toMatchObject({ bought: 1 });
      }
    }, 240_000);

    it("leaves no event undone", async () => {
      for (const [topic, group] of [
        ["orders", "inventory"],
        ["shipments", "orders"],
      ] as const) {
        // What has not been read yet is not pending, and is what may come next.
        const left = async () => (await store.xInfoGroups(topic)).find(({ name }) => name === group)!;
        const isDone = async () => (({ lag, pending }) => lag === 0 && pending === 0)(await left());
        while (!(await isDone())) await delay(50);
      }
      expect(await store.exists("undeliverable")).toBe(0);
    });
  });
}
