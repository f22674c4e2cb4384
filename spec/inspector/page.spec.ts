import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { built, makeProject, write } from "../cli/app.js";
import { component } from "../contract/harness.js";
import { killAtExit } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";

jest.setTimeout(180_000);

const functions = built(`
import { DaprBindingTrigger, DaprPublish } from "dapr-functions";
export class Orders {
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "old", stateStore: "statestore", key: "{id}" })
  @DaprStateOutput({ name: "order", stateStore: "statestore", key: "{id}" })
  @DaprPublish({ name: "told", pubSubName: "bus", topic: "orders" })
  save(payload: { id: string; n?: number }, { old, order, told }: any, context: any): any {
    context.log("saving", payload.id);
    if (payload.id === "bad") throw new Error("no such tea", { cause: new Error("the kettle is off") });
    order.add(payload);
    told.add(payload);
    return { saved: payload.id, old };
  }
  @DaprTopicTrigger({ pubSubName: "bus", topic: "orders" })
  heard(_event: any): void {}
  @DaprBindingTrigger()
  tick(): void {}
  @HttpTrigger({ authLevel: "anonymous", route: "hello/{name}" })
  async hello(request: any): Promise<any> {
    return { jsonBody: [request.params.name, request.query.get("q"), request.headers.get("x-tenant"), await request.text()] };
  }
}
`);
const components = [
  component("statestore", "state.in-memory"),
  component("bus", "pubsub.in-memory"),
  component("tick", "bindings.cron", { schedule: "@every 24h" }),
  component("files", "bindings.localstorage", { rootPath: "files" }),
  component("safe", "secretstores.local.file", { secretsFile: "secrets.json" }),
].join("\n---\n");

if (canRun("the inspector's page", "chromium")) {
  describe("the inspector's page", () => {
    const project = makeProject();
    let command: ChildProcess;
    let url = "";
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    const faults: string[] = [];

    beforeAll(async () => {
      write(project, {
        "build/orders.js": functions,
        "components/all.yaml": components,
        "secrets.json": '{"password":"never-shown"}',
      });
      const main = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
      const args = [main, "run", "build/orders.js", "--dapr-http-port", "0", "--app-id", "shop"];
      command = spawn(process.execPath, args, { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
      killAtExit(command);
      const lines = createInterface(command.stdout!);
      for await (const line of lines) {
        url = /^see: (\S+)\/inspect\//.exec(line)?.[1] ?? "";
        if (url !== "") break;
      }
      command.stdout!.resume();
      const { chromium } = require("playwright-core") as typeof import("playwright-core");
      browser = await chromium.launch({
        executablePath: "/usr/bin/chromium",
        args: ["--no-sandbox"],
        timeout: 120_000,
      });
    });
    afterAll(async () => {
      await browser.close();
      command.kill("SIGTERM");
      await once(command, "close");
    });
    beforeEach(async () => {
      context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
      context.setDefaultTimeout(90_000);
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      page = await context.newPage();
      faults.length = 0;
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      page.on("request", (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith("data:")) faults.push(request.url());
      });
      await page.goto(`${url}/inspect`);
      await page.getByText("connected", { exact: true }).waitFor();
    });
    afterEach(async () => {
      await context.close();
      if (faults.length > 0) throw new Error(`the page reports:\n${faults.join("\n")}`);
    });

    const save = async (payload: object): Promise<{ status: number; body: unknown }> => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(payload);
      const reply = await fetch(`${url}/v1.0/invoke/shop/method/save`, { method: "POST", headers, body });
      return { status: reply.status, body: await reply.json() };
    };
    const option = (text: string | RegExp) => page.getByRole("option").filter({ hasText: text }).first();
    const detail = () => page.locator("#record");
    /** Chooses the invocation of these words that has ended, and no older one that looks alike: its row may come late. */
    const choose = async (row: string, payload: string): Promise<void> => {
      await page.getByLabel("Filter").fill(payload);
      await option(row).click();
    };

    it("shows an invocation as it arrives: payload, inputs, items, requests, reply, log", async () => {
      await save({ id: "seen", n: 1 });
      await choose("save POST /save, done", "seen");
      await page.getByRole("region", { name: "Payload" }).getByText('"n": 1').waitFor();
      const text = await detail().innerText();
      expect(text).toMatch(/app\s+shop/);
      expect(text).toMatch(/old\s+state statestore/);
      expect(text).toMatch(/told\s+\{"id":"seen","n":1\}/);
      expect(text).toMatch(/order\s+state statestore\s+1\s+[\d.]+\s+sent/);
      expect(text).toMatch(/told\s+publish bus\/orders\s+1/);
      expect(await page.getByRole("region", { name: "Reply" }).innerText()).toContain('"saved": "seen"');
      expect(await page.getByRole("region", { name: "Log" }).innerText()).toContain("saving seen");
      await option("heard bus/orders").waitFor();
    });

    it("shows why an invocation failed, and finds it", async () => {
      expect((await save({ id: "bad" })).status).toBe(500);
      await page.getByLabel("failed only").check();
      await choose("✗ save", "bad");
      expect(await detail().innerText()).toMatch(
        /Failed: ERR_FUNCTION_FAILED\s+no such tea\s+caused by the kettle is off\s+at build\/orders\.js:\d+:\d+/,
      );
      await page.getByLabel("Filter").fill("nothing of this name");
      await option("✗ save").waitFor({ state: "hidden" });
    });

    it("edits a value that the next invocation reads", async () => {
      await save({ id: "edited", n: 1 });
      await page.getByRole("button", { name: "Refresh" }).click();
      await page.getByRole("button", { name: "edited", exact: true }).click();
      await page.getByLabel("Value (JSON)").fill('{"n": 2');
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText(/not saved: the value is not JSON/).waitFor();
      await page.getByLabel("Value (JSON)").fill('{"n": 2}');
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("saved edited").waitFor();
      expect((await save({ id: "edited" })).body).toEqual({ saved: "edited", old: { n: 2 } });
      await page.getByLabel("Key", { exact: true }).fill("edited");
      await page.getByRole("button", { name: "Read" }).click();
      await page.getByText("read edited", { exact: true }).waitFor();
      expect(await page.getByLabel("Value (JSON)").inputValue()).toContain('"id": "edited"');
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByText("deleted edited").waitFor();
      expect((await fetch(`${url}/v1.0/state/statestore/edited`)).status).toBe(204);
    });

    it("shows nothing of an answer that comes after a later one, or for a key that is no longer chosen", async () => {
      const put = (key: string, value: unknown) =>
        fetch(`${url}/v1.0/state/statestore`, { method: "POST", body: JSON.stringify([{ key, value }]) });
      await put("early", 1);
      await page.getByRole("button", { name: "Refresh" }).click();
      await page.getByRole("button", { name: "early", exact: true }).waitFor();
      /** Holds the next answer of this path back, as it is by then. */
      const hold = async (path: string) => {
        let release = (): void => undefined;
        const released = new Promise<void>((resolve) => (release = resolve));
        let answered = (): void => undefined;
        const isHeld = new Promise<void>((resolve) => (answered = resolve));
        let given: Promise<void> = Promise.resolve();
        await page.route(
          path,
          (route) =>
            (given = (async () => {
              const response = await route.fetch();
              answered();
              await released;
              await route.fulfill({ response });
            })()),
          { times: 1 },
        );
        return { isHeld, give: () => (release(), given) };
      };
      const list = await hold("**/inspect/api/state?*");
      await page.getByRole("button", { name: "Refresh" }).click();
      await list.isHeld;
      await put("late", 2);
      await page.getByRole("button", { name: "Refresh" }).click();
      await page.getByRole("button", { name: "late", exact: true }).waitFor();
      await list.give();
      const read = await hold("**/inspect/api/call");
      await page.getByLabel("Key").fill("early");
      await page.getByRole("button", { name: "Read", exact: true }).click();
      await read.isHeld;
      // It is still listed.
      await page.getByRole("button", { name: "late", exact: true }).click();
      await read.give();
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
      expect(await page.getByLabel("Value (JSON)").inputValue()).toBe("2");
    });

    it("says why a key is not reached: the path to it would lead elsewhere", async () => {
      await page.getByLabel("Key", { exact: true }).fill("..");
      for (const [button, outcome] of [
        ["Read", "not read"],
        ["Delete", "not deleted"],
      ] as const) {
        // Chromium itself says so, too.
        const said = page.waitForEvent("console");
        await page.getByRole("button", { name: button, exact: true }).click();
        await said;
        expect(faults.splice(0)).toEqual([expect.stringContaining("status of 400")]);
        await page.getByText(`${outcome}: 400 there is no such sidecar, or no such path`).waitFor();
      }
    });

    it("publishes from the box, and lists subscriptions and events", async () => {
      await page.getByRole("tab", { name: "Topics" }).click();
      await page.getByRole("table", { name: "Subscriptions" }).getByText("bus/orders").waitFor();
      await page.getByLabel("Topic", { exact: true }).fill("orders");
      await page.getByLabel("Data (JSON)").fill('{"id":"from the box"}');
      await page.getByRole("button", { name: "Publish" }).click();
      await page.getByText("published to orders").waitFor();
      await page.getByRole("table", { name: "Recent events" }).getByText("from the box").first().waitFor();
      await choose("heard bus/orders, done", "from the box");
      await page.getByRole("region", { name: "Payload" }).getByText('"id": "from the box"').waitFor();
      expect(await detail().innerText()).toMatch(/trigger\s+topic bus\/orders/);
    });

    it("fires a binding, invokes another, and shows no value of a secret", async () => {
      await page.getByRole("tab", { name: "Bindings" }).click();
      await page.getByRole("button", { name: "Fire tick" }).click();
      await page.getByText("fired tick").waitFor();
      await option("tick tick").waitFor();
      await page.getByLabel("Operation").selectOption("list");
      await page.getByRole("button", { name: "Invoke files" }).click();
      await page.getByText("files answered 200").waitFor();
      await page.getByRole("tab", { name: "Secrets" }).click();
      await page.getByText("password").waitFor();
      expect(await page.content()).not.toContain("never-shown");
    });

    it("sends again, and copies as curl and as a test that runs", async () => {
      await save({ id: "o'clock", n: 7 });
      await choose("save POST /save, done", "o'clock");
      await page.getByRole("button", { name: "Send again" }).click();
      await page.getByText("sent again: 200").waitFor();
      const clipboard = (): Promise<string> => page.evaluate("navigator.clipboard.readText()");
      await page.getByRole("button", { name: "Copy as curl" }).click();
      await page.getByText("curl command copied").waitFor();
      const curl = spawnSync("sh", ["-c", `${await clipboard()} -s`], { encoding: "utf8" });
      expect(JSON.parse(curl.stdout)).toMatchObject({ saved: "o'clock" });
      await page.getByRole("button", { name: "Copy as test" }).click();
      await page.getByText("test copied").waitFor();
      const test = join(project, "build/copied.test.mjs");
      writeFileSync(test, await clipboard());
      const ran = spawnSync(process.execPath, ["--test", test], { cwd: project, encoding: "utf8" });
      expect(ran.stdout).toMatch(/# pass 1\n# fail 0/);
    });

    it("sends a request of an HTTP function again as it came, but for credentials", async () => {
      const headers = { "content-type": "text/plain", "x-tenant": "acme", authorization: "Bearer s3cret" };
      const send = { method: "POST", headers, body: "plain words" };
      const reply = await fetch(`${url}/v1.0/invoke/shop/method/api/hello/b%20b?q=5%206`, send);
      expect(await reply.json()).toEqual(["b b", "5 6", "acme", "plain words"]);
      await choose("hello POST /api/hello/b%20b?q=5%206, done", "plain words");
      expect(await page.getByRole("region", { name: "Payload" }).innerText()).toBe("plain words");
      expect(await detail().innerText()).toMatch(/not kept\s+authorization/);
      expect(await page.content()).not.toContain("s3cret");
      await page.getByRole("button", { name: "Send again" }).click();
      await page.getByText("sent again: 200 (without authorization: credentials are not kept)").waitFor();
      const rows = page.getByRole("option").filter({ hasText: "hello POST /api/hello/b%20b?q=5%206, done" });
      await rows.nth(1).waitFor();
      await rows.first().click();
      expect(JSON.parse(await page.getByRole("region", { name: "Reply" }).innerText())).toMatchObject({
        jsonBody: ["b b", "5 6", "acme", "plain words"],
      });
    });

    it("publishes bytes again as bytes", async () => {
      const headers = { "content-type": "application/octet-stream" };
      await fetch(`${url}/v1.0/publish/bus/orders?metadata.cloudevent.subject=bytes`, {
        method: "POST",
        headers,
        body: Buffer.from([0, 1, 255]),
      });
      await choose("heard bus/orders, done", '"bytes"');
      await page.getByRole("region", { name: "Payload" }).getByText('"data": "<3 bytes>"').waitFor();
      await page.getByRole("button", { name: "Send again" }).click();
      await page.getByText("sent again: 204").waitFor();
      const rows = page.getByRole("option").filter({ hasText: "heard bus/orders, done", visible: true });
      await rows.nth(1).waitFor();
      await rows.first().click();
      await page.getByRole("region", { name: "Payload" }).getByText('"data": "<3 bytes>"').waitFor();
      expect(await detail().innerText()).toMatch(/attempt\s+1/);
    });

    it("says why an invocation cannot be sent again", async () => {
      await save({ id: "large", text: "x".repeat(20_000) });
      await choose("save POST /save", '"large"');
      const button = page.getByRole("button", { name: "Send again" });
      expect(await button.isDisabled()).toBe(true);
      expect(await button.getAttribute("title")).toBe("its payload is too large to be kept whole");
    });

    it("publishes and invokes nothing that is not JSON", async () => {
      await page.getByRole("tab", { name: "Topics" }).click();
      await page.getByLabel("Topic", { exact: true }).fill("orders");
      for (const text of ["{bad", ""]) {
        await page.getByLabel("Data (JSON)").fill(text);
        await page.getByRole("button", { name: "Publish" }).click();
        await page.getByText(/^not published: the data is not JSON/).waitFor();
        await page.evaluate("document.getElementById('status').textContent = ''");
      }
      await page.getByRole("tab", { name: "Bindings" }).click();
      await page.getByLabel("Data (JSON)").fill('1,"operation":"delete"');
      await page.getByRole("button", { name: "Invoke files" }).click();
      await page.getByText(/^not invoked: the data is not JSON/).waitFor();
      expect(await page.getByRole("status").innerText()).not.toContain("answered");
    });

    it("keeps the focus where it was when something is saved, and on a tab that is opened", async () => {
      const focused = () => page.evaluate("document.activeElement.textContent");
      await page.getByLabel("Key", { exact: true }).fill("focus");
      await page.getByLabel("Value (JSON)").fill("1");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "focus", exact: true }).waitFor();
      expect(await focused()).toBe("Save");
      expect(await page.getByLabel("Value (JSON)").inputValue()).toBe("1");
      await page.getByRole("tab", { name: "Topics" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Publish" }).waitFor();
      expect(await focused()).toBe("Topics");
    });

    it("copies a failed invocation as a test that fails for the same reason", async () => {
      await save({ id: "bad" });
      await choose("✗ save", "bad");
      await page.getByRole("button", { name: "Copy as test" }).click();
      await page.getByText("test copied").waitFor();
      const test = join(project, "build/failing.test.mjs");
      writeFileSync(test, await page.evaluate<string>("navigator.clipboard.readText()"));
      const ran = spawnSync(process.execPath, ["--test", test], { cwd: project, encoding: "utf8" });
      expect(ran.stdout).toMatch(/no such tea/);
      expect(ran.stdout).toMatch(/# fail 1/);
    });

    it("is used with a keyboard alone", async () => {
      await save({ id: "k1" });
      await save({ id: "k2" });
      await option("save POST /save").waitFor();
      await page.getByRole("listbox").focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowDown");
      const active = await page.getByRole("listbox").getAttribute("aria-activedescendant");
      expect(await page.locator(`[id="${active}"]`).getAttribute("aria-selected")).toBe("true");
      await page.getByRole("button", { name: "Send again" }).focus();
      await page.keyboard.press("Enter");
      await page.getByText(/^sent again: /).waitFor();
      await page.getByRole("tab", { name: "State" }).focus();
      await page.keyboard.press("ArrowRight");
      expect(await page.getByRole("tab", { name: "Topics" }).getAttribute("aria-selected")).toBe("true");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      expect(await page.getByRole("tab", { name: "Map" }).getAttribute("aria-selected")).toBe("true");
      const map = page.getByRole("img");
      expect(await map.getAttribute("aria-label")).toContain(
        "shop/save: callers of shop; reads state statestore; sends to",
      );
    });

    it.each(["light", "dark"] as const)("has nothing that axe objects to, %s", async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await save({ id: "axe" });
      await save({ id: "bad" });
      const source = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
      await option("✗ save").click();
      // The page's own policy lets no script in; what a debugger evaluates is not bound by it.
      await page.evaluate(source);
      for (const tab of ["State", "Topics", "Bindings", "Secrets", "Map"]) {
        await page.getByRole("tab", { name: tab }).click();
        if (tab === "State") await page.getByRole("heading", { name: "Edit" }).waitFor();
        const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
          "axe.run()",
        );
        expect(violations.map(({ id, nodes }) => `${tab}: ${id} ${nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
      }
      const folder = process.env.DAPR_FUNCTIONS_SCREENSHOTS ?? join(process.env.DAPR_FUNCTIONS_RUN!, "screenshots");
      if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
      await page.getByRole("tab", { name: "Map" }).click();
      await page.setViewportSize({ width: 1200, height: 640 });
      await page.screenshot({ path: join(folder, `inspector-${colorScheme}.png`) });
    });

    it("holds 10,000 invocations", async () => {
      const record = (n: number): object => ({
        type: "invocation",
        record: {
          id: `n${n}`,
          appId: "shop",
          functionName: `many${n}`,
          trigger: { type: "invoke", where: "POST /many" },
          begun: 0,
          ms: 1,
          attempt: 1,
          reads: [],
          items: [],
          requests: [],
          log: [],
        },
      });
      const lines = Array.from({ length: 10_500 }, (_, n) => `data: ${JSON.stringify(record(n))}\n\n`);
      let times = 0;
      // The stream ends in this case, which the browser reports.
      page.removeAllListeners("console");
      await page.route("**/api/stream", (route) => {
        if (times++ > 0) return route.abort();
        return route.fulfill({ contentType: "text/event-stream", body: lines.join("") });
      });
      await page.reload();
      await option("many10499").waitFor();
      expect(await page.locator("#list > li").count()).toBe(10_000);
      await page.getByRole("listbox").focus();
      await page.keyboard.press("End");
      await page.getByRole("heading", { name: "many500", exact: true }).waitFor();
      await page.getByLabel("Filter").fill("many777");
      expect(await page.getByRole("listbox").getByRole("option").count()).toBe(11);
    });

    it("is refused to pages of other origins, of other names, and in frames", async () => {
      const answers = async (headers: Record<string, string>): Promise<number> => {
        return new Promise((resolve, reject) => {
          const sent = request(`${url}/inspect/api/overview`, { headers }, (response) => {
            response.resume();
            resolve(response.statusCode!);
          });
          sent.on("error", reject).end();
        });
      };
      expect(await answers({})).toBe(200);
      expect(await answers({ origin: "https://evil.example" })).toBe(403);
      expect(await answers({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toBe(403);
      expect(await answers({ host: "evil.example" })).toBe(403);
      const { headers } = await fetch(`${url}/inspect/`);
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect((await fetch(`${url}/inspect/..%2f..%2fpackage.json`)).status).toBe(404);
    });
  });
}
