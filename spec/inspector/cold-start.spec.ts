import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { built, makeProject, write } from "../cli/app.js";

const functions = `
export class Orders {
  @DaprServiceInvocationTrigger()
  save(): void {}
}
`;

it.each([
  [
    "serve",
    "const close = await serve([Orders], { port: 0, settings: {}, log: {} }).then((app) => () => app.close());",
  ],
  [
    "startSidecar",
    'const close = await require("dapr-functions/sidecar").startSidecar({ appId: "a", components: [], log: { info() {}, warn() {} } })' +
      ".then((sidecar) => () => sidecar.close());",
  ],
])("nothing of the inspector is loaded by %s", (_, start) => {
  const project = makeProject();
  const script = `
const { serve } = require("dapr-functions");
const { Orders } = require("./orders.js");
(async () => {
  ${start}
  console.log(JSON.stringify(Object.keys(require.cache)));
  await close();
})();
`;
  write(project, { "orders.js": built(functions), "main.js": script });
  const output = execFileSync(process.execPath, [join(project, "main.js")], { encoding: "utf8", cwd: project });
  const loaded = JSON.parse(output.trim().split("\n").at(-1)!) as string[];
  expect(loaded.length).toBeGreaterThan(5);
  expect(loaded.filter((file) => /[\\/]dist[\\/](?:inspector|cli)[\\/]|chokidar/.test(file))).toEqual([]);
});
