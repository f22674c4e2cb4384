import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Browser, Page } from "playwright-core";
import { built, makeProject, write } from "../cli/app.js";
import { component } from "../contract/harness.js";
import { killAtExit } from "../support/daprd.js";
import { canRun } from "../support/not-run.js";

jest.setTimeout(180_000);

const app = (name: string, version: number): string =>
  built(`
export class Functions {
  @FunctionName("${name}${version}")
  @DaprServiceInvocationTrigger()
  say(): void {}
  @FunctionName("${name}-dies")
  @DaprServiceInvocationTrigger()
  dies(): Promise<void> { process.exit(3); }
}
`);

if (canRun("the inspector's page under --watch", "chromium")) {
  describe("the inspector's page under --watch, of two apps", () => {
    const project = makeProject();
    let command: ChildProcess;
    let browser: Browser;
    let page: Page;
    let url = "";
    const save = (name: string, version: number): void => write(project, { [`build/${name}.js`]: app(name, version) });
    const spoil = (name: string): void => write(project, { [`build/${name}.js`]: "export nothing;" });
    const notice = () => page.getByRole("alert");

    beforeAll(async () => {
      save("aa", 1);
      save("bb", 1);
      write(project, { "components/all.yaml": component("statestore", "state.in-memory") });
      const main = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
      const apps = ["--app", "aa=build/aa.js", "--app", "bb=build/bb.js", "--watch", "--dapr-http-port", "0"];
      command = spawn(process.execPath, [main, "run", ...apps], { cwd: project, stdio: ["ignore", "pipe", "ignore"] });
      killAtExit(command);
      for await (const line of createInterface(command.stdout!)) {
        url = /^see: (\S+)\/inspect\//.exec(line)?.[1] ?? url;
        if (line === "watching for changes") break;
      }
      command.stdout!.resume();
      const { chromium } = require("playwright-core") as typeof import("playwright-core");
      browser = await chromium.launch({
        executablePath: "/usr/bin/chromium",
        args: ["--no-sandbox"],
        timeout: 120_000,
      });
      page = await browser.newPage();
      page.setDefaultTimeout(90_000);
      await page.goto(`${url}/inspect`);
      await page.getByText("connected", { exact: true }).waitFor();
    });
    afterAll(async () => {
      await browser.close();
      command.kill("SIGTERM");
      await once(command, "close");
    });

    it("says what is wrong with each app until that one is right", async () => {
      spoil("aa");
      await notice().filter({ hasText: "aa: " }).waitFor();
      spoil("bb");
      await notice()
        .filter({ hasText: /aa: [^]*bb: / })
        .waitFor();
      save("bb", 2);
      await notice()
        .filter({ hasText: /^(?![^]*bb: )/ })
        .waitFor();
      expect(await notice().innerText()).toMatch(/^aa: /);
      save("aa", 2);
      await notice().waitFor({ state: "hidden" });
    });

    it("leaves what is typed, and the focus, when a version begins", async () => {
      await page.getByLabel("Key", { exact: true }).fill("k1");
      await page.getByLabel("Value (JSON)").fill('{"half": ');
      const before = await page.locator("#apps").innerText();
      save("aa", 3);
      await page.locator("#apps").filter({ hasNotText: before }).waitFor();
      // Also when the tab is drawn anew, which the focus does not cause here.
      await page.evaluate("document.querySelector('#panel form').id = 'earlier'");
      await page.getByRole("button", { name: "Refresh" }).evaluate((button: { click(): void }) => button.click());
      await page.locator("#panel form:not(#earlier)").waitFor();
      expect(await page.getByLabel("Key", { exact: true }).inputValue()).toBe("k1");
      expect(await page.getByLabel("Value (JSON)").inputValue()).toBe('{"half": ');
      await page.keyboard.type("1}");
      expect(await page.getByLabel("Value (JSON)").inputValue()).toBe('{"half": 1}');
    });

    it("ends what was under way when the process of an app ends", async () => {
      const reply = await fetch(`${url}/v1.0/invoke/bb/method/bb-dies`, { method: "POST" });
      expect(reply.status).toBe(500);
      await page.getByRole("option").filter({ hasText: "✗ bb/bb-dies" }).click();
      await page.getByRole("heading", { name: "Failed: no answer" }).waitFor();
      await page.getByText("the process of the app ended with 3 while it ran").waitFor();
    });
  });
}
