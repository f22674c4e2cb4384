import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { AppCommand } from "../../lib/cli/running/app-command.js";
import { makeProject, write } from "./app.js";

jest.setTimeout(60_000);

/** Holds a connection while it lives, says what it is told, and ends a moment later: whoever does not wait cuts it off. */
const app = (port: number): string => `
import { writeSync } from "node:fs";
import { connect } from "node:net";
const say = (text) => writeSync(1, text + "\\n");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    say("told " + signal);
    if (!process.argv.includes("deaf")) setTimeout(() => (say("ends"), process.exit()), 200);
  });
}
connect(${port}, "127.0.0.1").write(String(process.pid));
`;

const server = createServer();
let port: number;
let gone: Promise<unknown>;
let pid: number;
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  ({ port } = server.address() as { port: number });
});
afterEach(() => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // As it should be.
  }
});
afterAll(() => server.close());

/** Resolves once the application runs. */
async function theApp(): Promise<void> {
  const [socket] = (await once(server, "connection")) as [Socket];
  const [data] = (await once(socket, "data")) as [Buffer];
  pid = Number(data.toString());
  gone = once(socket.resume(), "close");
  socket.on("error", () => undefined);
}

describe("run dapr.yaml", () => {
  const project = makeProject();
  let command: ChildProcess;
  let output: string;
  afterEach(() => command.kill("SIGKILL"));

  function start(file: string): ChildProcess {
    write(project, { "dapr.yaml": file });
    const main = join(project, "node_modules", "dapr-functions", "dist", "cli", "main.js");
    const child = spawn(process.execPath, [main, "run", "dapr.yaml"], {
      cwd: project,
      stdio: ["ignore", "pipe", "pipe"],
    });
    output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        child.emit("output");
      });
    }
    return child;
  }

  async function run(parts: readonly string[]): Promise<void> {
    write(project, {
      "app.mjs": app(port),
      "package.json": JSON.stringify({ private: true, scripts: { start: "node --version && node app.mjs" } }),
    });
    command = start(JSON.stringify({ version: 1, apps: [{ appID: "a", appDirPath: ".", command: parts }] }));
    const ended = once(command, "close").then(() => {
      throw new Error(`it ended and had said:\n${output}`);
    });
    ended.catch(() => undefined);
    await Promise.race([theApp(), ended]);
  }

  async function says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(output);
      if (match !== null) return match;
      if (command.stdout!.closed && command.stderr!.closed) throw new Error(`it ended and had said:\n${output}`);
      await Promise.race([once(command, "output"), once(command, "close")]);
    }
  }

  describe.each([
    ["a program", ["node", "app.mjs"]],
    ["a shell", ["sh", "-c", "echo starting; node app.mjs"]],
    ["a shell that has ended", ["sh", "-c", "node app.mjs &"]],
    ["a script of npm", ["npm", "start"]],
  ])("of %s", (_, parts) => {
    it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
      "passes %s on to the application, and ends after it",
      async (signal) => {
        await run(parts);
        command.kill(signal);
        expect(await once(command, "close")).toEqual([0, null]);
        expect(output).toMatch(new RegExp(`told ${signal}\\n[^]*ends\\n`));
        await gone;
      },
    );
  });

  it("waits for an application whose output goes elsewhere", async () => {
    await run(["sh", "-c", "node app.mjs > out.txt 2>&1 & exec sleep 100 > /dev/null 2>&1"]);
    command.kill("SIGTERM");
    await once(command, "close");
    expect(readFileSync(join(project, "out.txt"), "utf8")).toBe("told SIGTERM\nends\n");
  });

  it("keeps a sidecar for an application without a command, and gives each what the file says", async () => {
    write(project, {
      "print.mjs": `const { APP_ID, APP_PORT, APP_PROTOCOL, N } = process.env;
        console.log("has", JSON.stringify({ APP_ID, APP_PORT, APP_PROTOCOL, N }));`,
    });
    command = start(`
apps:
  - { appID: a, appDirPath: ., appPort: 3001, command: [node, print.mjs], env: { N: 1.10, APP_PORT: 3002 } }
  - { appID: b, appDirPath: ., appPort: 3003 }
`);
    const [, given] = await says(/has (\{.*\})\n/);
    expect(JSON.parse(given!)).toEqual({ APP_ID: "a", APP_PORT: "3002", APP_PROTOCOL: "http", N: "1.10" });
    await says(/a has ended with 0/);
    const [, url] = await says(/b at \S+, its sidecar at (\S+)/);
    await says(/b has no command: start it yourself, beside that sidecar/);
    expect(await (await fetch(`${url}/v1.0/metadata`)).json()).toMatchObject({ id: "b" });
    command.kill("SIGTERM");
    expect(await once(command, "close")).toEqual([0, null]);
  });

  it("ends at once on a second signal, and leaves no application behind", async () => {
    await run(["sh", "-c", "echo starting; node app.mjs deaf"]);
    command.kill("SIGINT");
    await says(/told SIGINT/);
    // One that comes at once is taken for the echo of the first.
    const again = setInterval(() => command.kill("SIGINT"), 20);
    const ended = await once(command, "close");
    clearInterval(again);
    expect(ended).toEqual([130, null]);
    await gone;
  });
});

describe("an application's command that is stopped", () => {
  const printed = jest.spyOn(console, "log").mockImplementation(() => undefined);
  afterAll(() => printed.mockRestore());
  const project = makeProject();

  async function start(script: string): Promise<AppCommand> {
    write(project, { "app.mjs": app(port), "script.mjs": script });
    const rest = { resources: undefined, appPort: undefined, daprHttpPort: undefined, env: {} };
    const command = new AppCommand({ appId: "a", folder: project, ...rest }, ["node", "script.mjs", "deaf"], 1);
    await theApp();
    return command;
  }

  it("is ended after the patience when it does not end itself", async () => {
    const command = await start(app(port));
    await command.stop("SIGTERM", 50);
    await expect(gone).resolves.toBeDefined();
  });

  it("is not waited for when what has left its group holds the pipes", async () => {
    const command = await start(`
      import { spawn } from "node:child_process";
      spawn(process.execPath, ["app.mjs"], { detached: true, stdio: "inherit" }).unref();
    `);
    await command.stop("SIGTERM", 50);
    process.kill(pid, "SIGKILL");
    await expect(gone).resolves.toBeDefined();
  });
});
