"use strict";
/*
 * A Functions host in miniature, with the Node worker in it: `node functions-host-process.cjs <app>`. Each line on stdin
 * is JSON with a list of calls and an id, answered by one line on stdout with that id. It loads the app as the worker does, its entry point first; one
 * registered function turns the app to the v4 model, else each folder with a function.json is a function of the v3 model.
 *
 * Follows LegacyFunctionLoader, startApp and registerFunction of Azure/azure-functions-nodejs-worker, and of
 * Azure/azure-functions-nodejs-library the v3 InvocationModel; the v4 one is the installed package's own.
 */
const { randomUUID } = require("node:crypto");
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const Module = require("node:module");
const { join } = require("node:path");
const { createInterface } = require("node:readline");
const { pathToFileURL } = require("node:url");
const { format } = require("node:util");

const root = process.argv[2];
const manifest = existsSync(join(root, "package.json"))
  ? JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  : {};

/** Functions of the v4 model, by name. */
const registered = new Map();
const hooks = [];
let model;
let started = false;

const core = {
  version: "3.10.1",
  hostVersion: "4.34.0",
  Disposable: class {
    dispose() {}
  },
  log() {},
  registerHook(name, callback) {
    if (name === "appStart") hooks.push(callback);
    return new core.Disposable();
  },
  setProgrammingModel(given) {
    model = given;
  },
  getProgrammingModel: () => model,
  registerFunction(metadata, callback) {
    if (started) throw new Error("A function can only be registered during app startup.");
    const rawBindings = Object.entries(metadata.bindings).map(([name, binding]) =>
      JSON.stringify({ ...binding, name }),
    );
    registered.set(metadata.name, { metadata, rawBindings, callback });
    return new core.Disposable();
  },
};

const load = Module._load;
Module._load = function (request, ...rest) {
  return request === "@azure/functions-core" ? core : load.call(this, request, ...rest);
};

async function loadScript(file) {
  const isModule = file.endsWith(".mjs") || (!file.endsWith(".cjs") && manifest.type === "module");
  return isModule ? import(pathToFileURL(file).href) : require(file);
}

async function startApp() {
  if (manifest.main !== undefined) await loadScript(join(root, manifest.main));
  for (const hook of hooks) await hook({ hookData: {}, appHookData: {}, functionAppDirectory: root });
  started = true;
}

/** Functions of the v3 model, by name. */
async function readFolders() {
  const functions = new Map();
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const file = join(root, entry.name, "function.json");
    if (!entry.isDirectory() || !existsSync(file)) continue;
    const { bindings, scriptFile, entryPoint } = JSON.parse(readFileSync(file, "utf8"));
    let callback = await loadScript(join(root, entry.name, scriptFile));
    let thisArg;
    if (typeof callback === "object" && callback !== null) {
      thisArg = callback;
      const names = Object.keys(callback);
      if (entryPoint) callback = callback[entryPoint];
      else callback = names.length === 1 ? callback[names[0]] : (callback.run ?? callback.index);
    }
    if (typeof callback !== "function") throw new Error(`Unable to determine function entry point of ${entry.name}.`);
    const named = Object.fromEntries(bindings.map((binding) => [binding.name, binding]));
    functions.set(entry.name, { bindings: named, callback: callback.bind(thisArg) });
  }
  return functions;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What the v3 model makes of a value that came over the wire. */
function fromV3(data) {
  const text = data.string || data.json;
  if (text !== undefined && text !== "") return parsed(text);
  return data.bytes === undefined ? undefined : Buffer.from(data.bytes);
}

function toV3(value) {
  if (typeof value === "string") return { string: value };
  if (ArrayBuffer.isView(value)) return { bytes: new Uint8Array(value.buffer, value.byteOffset, value.byteLength) };
  if (typeof value === "number") return Number.isInteger(value) ? { int: value } : { double: value };
  return { json: JSON.stringify(value) };
}

function toV3Http(value) {
  if (typeof value !== "object" || Array.isArray(value)) throw new Error("The HTTP response must be an 'object' type");
  const headers = {};
  for (const name in value.headers) if (value.headers[name] != null) headers[name] = value.headers[name].toString();
  const status = value.statusCode || value.status;
  const { cookies } = value;
  return { http: { statusCode: status && status.toString(), headers, cookies, body: toV3(value.body) } };
}

function v3Request({ url, method, headers = {}, query = {}, params = {}, body }) {
  const bytes = body?.bytes === undefined ? undefined : Buffer.from(body.bytes);
  const rawBody = bytes?.toString() ?? body?.string;
  const isBytes = /^(application\/octet-stream$|multipart\/)/.test(headers["content-type"] ?? "");
  return {
    url,
    originalUrl: url,
    method,
    headers,
    query,
    params,
    rawBody,
    bufferBody: bytes,
    body: isBytes ? bytes : rawBody === undefined ? undefined : parsed(rawBody),
    get: (name) => headers[name.toLowerCase()],
  };
}

async function runV3(name, { bindings, callback }, call, logs) {
  const context = { invocationId: call.invocationId, executionContext: { functionName: name }, bindings: {} };
  context.bindingData = { invocationId: call.invocationId };
  context.traceContext = { traceparent: call.traceparent };
  const level =
    (label) =>
    (...args) =>
      logs.push(`${label}: ${format(...args)}`);
  const levels = { error: level("error"), warn: level("warning"), info: level("information"), verbose: level("trace") };
  context.log = Object.assign(level("information"), levels);
  const inputs = [];
  for (const { name: input, data } of inputDataOf(bindings, call)) {
    const value = data.http === undefined ? fromV3(data) : (context.req = v3Request(data.http));
    context.bindings[input] = value;
    inputs.push(value);
  }
  const returned = callback(context, ...inputs);
  // A script that gives no promise must call context.done, which this context does not have.
  if (typeof returned?.then !== "function") throw new Error("the function never ends: it neither returned a promise");
  const result = await returned;
  const outputs = Object.values(bindings).filter(({ direction }) => direction !== "in");
  const convert = (output, value) => (output.type.toLowerCase() === "http" ? toV3Http(value) : toV3(value));
  const response = { outputData: [], returnValue: undefined };
  const reply = outputs.find((output) => output.name === "$return");
  const isHttp = Object.values(bindings).some(({ type }) => type.toLowerCase() === "httptrigger");
  const fromResult = new Set();
  if (result) {
    if (reply) response.returnValue = convert(reply, result);
    else if (typeof result === "object") {
      for (const output of outputs) if (result[output.name] !== undefined) fromResult.add(output.name);
      for (const output of outputs) {
        if (fromResult.has(output.name))
          response.outputData.push({ name: output.name, data: convert(output, result[output.name]) });
      }
    }
    if (!response.returnValue && response.outputData.length === 0 && !isHttp) response.returnValue = toV3(result);
  }
  for (const output of outputs) {
    const value = context.bindings[output.name];
    if (value !== undefined && !fromResult.has(output.name))
      response.outputData.push({ name: output.name, data: convert(output, value) });
  }
  return response;
}

async function runV4(name, { metadata, callback }, call, logs) {
  const request = {
    inputData: inputDataOf(metadata.bindings, call),
    triggerMetadata: call.triggerMetadata ?? {},
    traceContext: { traceParent: call.traceparent },
  };
  const invocation = model.getInvocationModel({
    invocationId: call.invocationId,
    metadata,
    request,
    state: "invocation",
    log: (label, category, message) => category === "user" && logs.push(`${label}: ${message}`),
  });
  const { context, inputs } = await invocation.getArguments();
  const result = await invocation.invokeFunction(context, inputs, callback);
  return invocation.getResponse(context, result);
}

/** The trigger's data first, then that of the inputs; what a call does not give is not sent. */
function inputDataOf(bindings, { payload, inputs = {} }) {
  const isTrigger = ([, { type }]) => /trigger$/i.test(type);
  const [trigger] = Object.entries(bindings).find(isTrigger);
  const data = [{ name: trigger, data: withBytes(payload ?? {}) }];
  for (const [name, value] of Object.entries(inputs)) data.push({ name, data: withBytes(value) });
  return data;
}

/** Bytes travel to this process as base64 text. */
function withBytes(data) {
  if (data.base64 !== undefined) return { bytes: Buffer.from(data.base64, "base64") };
  if (data.http?.body?.base64 === undefined) return data;
  return { http: { ...data.http, body: { bytes: Buffer.from(data.http.body.base64, "base64") } } };
}

/** The same, with every byte and every cookie; both models name a cookie's members alike. */
function shownWhole(data) {
  if (data?.http === undefined) return data?.bytes === undefined ? data : { base64: base64Of(data) };
  const { statusCode, headers, cookies, body } = data.http;
  return {
    status: Number(statusCode ?? 200),
    headers,
    cookies: (cookies ?? []).map(plainCookie),
    base64: base64Of(body),
  };
}

function base64Of(data) {
  const content = data?.bytes ?? data?.string ?? data?.json;
  return content === undefined ? "" : Buffer.from(content).toString("base64");
}

function plainCookie(cookie) {
  const members = Object.entries(cookie).map(([name, given]) => {
    const value = given?.value ?? given;
    return [name, value?.seconds === undefined ? value : value.seconds * 1000];
  });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined && value !== null));
}

/** What the host makes of the worker's answer: the same for both models. */
function shown(data) {
  if (data === undefined || data === null) return undefined;
  if (data.http !== undefined) {
    const { statusCode, headers, body } = data.http;
    return { status: Number(statusCode ?? 200), headers, body: textOf(body) || undefined };
  }
  if (data.bytes !== undefined) return { bytes: textOf(data) };
  if (data.json !== undefined) return { json: parsed(data.json) };
  return data;
}

function textOf(data) {
  if (data === undefined || data === null) return undefined;
  return data.bytes === undefined ? (data.string ?? data.json) : Buffer.from(data.bytes).toString();
}

async function run(functions, model, call) {
  const logs = [];
  const started = { invocationId: randomUUID(), ...call };
  try {
    const found = functions.get(call.function);
    if (found === undefined) throw new Error(`there is no function ${call.function}`);
    const { returnValue, outputData } = await model(call.function, found, started, logs);
    const outputs = Object.fromEntries(outputData.map(({ name, data }) => [name, shown(data)]));
    return { reply: (call.whole ? shownWhole : shown)(returnValue), outputs, logs };
  } catch (error) {
    return { error: { code: error.code, message: error.message }, logs };
  }
}

async function main() {
  await startApp();
  const isV4 = registered.size > 0;
  const functions = isV4 ? registered : await readFolders();
  const registrations = [...registered].map(([name, { metadata, rawBindings }]) => ({
    name,
    bindings: rawBindings.map((text) => JSON.parse(text)),
    retry: metadata.retryOptions,
  }));
  say({ model: isV4 ? "v4" : "v3", functions: [...functions.keys()], registrations });
  for await (const line of createInterface({ input: process.stdin })) {
    // All at once, as are those of the next lines: invocations must not share anything, and may call each other.
    const { id, calls } = JSON.parse(line);
    void Promise.all(calls.map((call) => run(functions, isV4 ? runV4 : runV3, call))).then((results) =>
      say({ id, results }),
    );
  }
}

/** The app may print lines of its own, so ours are marked. */
function say(value) {
  process.stdout.write(`\nhost> ${JSON.stringify(value)}\n`);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
