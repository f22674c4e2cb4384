import { consumerProject } from "../support/packed.js";
import { runCli } from "../support/functions-host.js";

let project: string;
beforeAll(() => {
  project = consumerProject();
}, 120_000);

describe("dapr-functions explain", () => {
  it("prints the section of a code, in any case, without marks of Markdown", () => {
    const { status, stdout } = runCli(project, ["explain", "Setting-Missing"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^setting-missing\n\n/);
    expect(stdout).toContain("set it in the environment");
    expect(stdout).not.toMatch(/`|\]\(|####/);
  });

  it("says where links lead", () => {
    const said = (code: string) => runCli(project, ["explain", code]).stdout;
    expect(said("ERR_PAYLOAD_INVALID")).toContain("see topics (docs/topics.md).");
    expect(said("state-entries-etags")).toContain("table (https://docs.dapr.io/reference/components-reference/");
  });

  it("prints one section only", () => {
    const { stdout } = runCli(project, ["explain", "ERR_RETRY_REQUESTED"]);
    expect(stdout).not.toMatch(/^#|ERR_DAPR_/m);
  });

  it("names the nearest code where there is none of that name", () => {
    expect(runCli(project, ["explain", "seting-mising"])).toMatchObject({
      status: 2,
      stderr: 'there is no code "seting-mising"; did you mean setting-missing?\n',
    });
  });

  it.each([
    ["err_state_conflit", 'there is no code "err_state_conflit"; did you mean ERR_STATE_CONFLICT?\n'],
    ["foo", 'there is no code "foo"; docs/errors.md lists them\n'],
    [
      "ERR_PUBSUB_NOT_FOUND",
      'there is no code "ERR_PUBSUB_NOT_FOUND"; docs/errors.md lists them, and https://docs.dapr.io/reference/errors/ those of Dapr\n',
    ],
  ])("names the nearest code of %s in any case, and none that is far", (code, stderr) => {
    expect(runCli(project, ["explain", code])).toMatchObject({ status: 2, stderr });
  });
});
