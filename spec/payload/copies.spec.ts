import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { consumerProject } from "../support/packed.js";

/** A class whose `@Exclude` keeps a caller from making itself an administrator. */
const functions = `
  require("reflect-metadata");
  const { IsEmail, IsOptional, IsString, ValidateNested } = require("class-validator");
  const { Exclude, Transform, Type } = require("class-transformer");
  const { DaprServiceInvocationTrigger } = require("dapr-functions");
  const decorate = (type, property, ...decorators) =>
    decorators.forEach((decorator) => decorator(type.prototype, property));

  class Address {}
  decorate(Address, "city", IsString(), Transform(({ value }) => value.trim()));
  class User {}
  decorate(User, "email", IsEmail(), Transform(({ value }) => value.trim().toLowerCase()));
  decorate(User, "role", IsOptional(), IsString(), Exclude());
  decorate(User, "address", IsOptional(), ValidateNested(), Type(() => Address));

  class Users {
    add(user) { return user; }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Users.prototype, "add");
  DaprServiceInvocationTrigger({ payload: User })(Users.prototype, "add", descriptor);
  exports.Users = Users;
`;

/** Calls the function through the library that the project has, and prints what came out, or why it cannot be used. */
const program = (file: string) => `
  const { Users } = require("./${file}");
  const { invoke } = require("dapr-functions/testing");
  const user = { email: "  A@B.example ", role: "admin", address: { city: " Berlin " } };
  invoke(new Users(), "add", user)
    .then(({ reply }) => console.log(JSON.stringify(reply)), ({ code }) => console.log(code));
`;

const safe = '{"email":"a@b.example","address":{"city":"Berlin"}}\n';

function run(project: string, file: string): string {
  writeFileSync(join(project, "program.cjs"), program(file));
  return execFileSync(process.execPath, ["program.cjs"], { cwd: project, encoding: "utf8" });
}

/** The functions of a project, bundled by esbuild but for the packages named. */
function bundle(project: string, external: readonly string[]): string {
  writeFileSync(join(project, "functions.cjs"), functions);
  buildSync({
    absWorkingDir: project,
    entryPoints: ["functions.cjs"],
    outfile: "bundle.cjs",
    bundle: true,
    platform: "node",
    external: [...external, "@dapr/dapr", "@azure/functions", "@swc/core", "@opentelemetry/*"],
    logLevel: "error",
  });
  return "bundle.cjs";
}

const packages = ["class-transformer", "class-validator", "reflect-metadata"];

describe("@Exclude, @Transform and @Type count", () => {
  it.each([
    ["in a bundle that holds this library, too", []],
    ["in a bundle that leaves out the packages and this library", ["dapr-functions", ...packages]],
    ["in a bundle that leaves out the packages alone", packages],
    ["in a bundle that leaves out class-transformer and this library", ["dapr-functions", "class-transformer"]],
  ])("%s", (_case, external) => {
    const project = consumerProject({ packages });
    expect(run(project, bundle(project, external))).toBe(safe);
  });

  it("where the project has a copy of class-transformer of its own", () => {
    const project = consumerProject({ packages });
    writeFileSync(join(project, "functions.cjs"), functions);
    const link = join(project, "node_modules", "class-transformer");
    const hoisted = realpathSync(link);
    rmSync(link);
    cpSync(hoisted, link, { recursive: true });
    const nested = join(project, "node_modules", "dapr-functions", "node_modules", "class-transformer");
    mkdirSync(dirname(nested), { recursive: true });
    cpSync(hoisted, nested, { recursive: true });
    expect(run(project, "functions.cjs")).toBe(safe);
  });
});

it("is refused at start where the copy that recorded a class is out of reach: in a bundle without this library", () => {
  const project = consumerProject({ packages });
  expect(run(project, bundle(project, ["dapr-functions"]))).toBe("payload-packages\n");
  expect(run(project, bundle(project, ["dapr-functions", "reflect-metadata"]))).toBe("payload-packages\n");
});
