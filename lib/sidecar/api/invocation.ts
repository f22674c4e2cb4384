import type { Dispatcher } from "undici";
import { messageOf } from "../../model/thrown.js";
import { ApiError, unescapePath, type ApiReply, type ApiRequest } from "./api.js";
import { foldPath, isConnectionHeader, type AppChannel, type AppReply, type AppRequest } from "../app/app-channel.js";
import type { Resiliency } from "../resiliency/resiliency.js";
import { StatusError } from "../resiliency/retries.js";
import { splitUrl } from "./raw-url.js";

/** The verbs that daprd passes on; it delivers any other as POST. */
const verbs = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"];

export interface InvocationOptions {
  readonly appId: string;
  /** The apps that can be called, by their ids: this sidecar's own, and those of its mesh. */
  readonly apps: ReadonlyMap<string, AppChannel>;
  /** For app ids that are URLs. */
  readonly dispatcher: () => Dispatcher;
  readonly resiliency: Pick<Resiliency, "app">;
}

interface Target {
  readonly appId: string;
  /** Path below the app's root, decoded. */
  readonly method: string;
}

/**
 * Answers what no other route does: `/v1.0/invoke/{app}/method/{method}` and any path with a `dapr-app-id` header. What
 * names no app is not found.
 *
 * @see https://docs.dapr.io/reference/api/service_invocation_api/
 */
export async function invokeMethod(request: ApiRequest, options: InvocationOptions): Promise<ApiReply> {
  const target = findTarget(request);
  if (!target) {
    const message = "failed getting app id either from the URL path or the header dapr-app-id";
    throw new ApiError(404, "ERR_DIRECT_INVOKE", message);
  }
  try {
    return toReply(await callTarget(target, request, options));
  } catch (error) {
    const message = `failed to invoke, id: ${target.appId}, err: ${messageOf(error)}`;
    throw new ApiError(500, "ERR_DIRECT_INVOKE", message);
  }
}

function findTarget({ rawPath, headers }: ApiRequest): Target | undefined {
  // Decoded as a whole before it is taken apart: an app id may be a URL, a method's `%2F` becomes `/` (as in daprd).
  const path = unescapePath(rawPath);
  const header = headers["dapr-app-id"];
  if (typeof header === "string" && header !== "") return { appId: header, method: foldPath(path).slice(1) };
  const user = userOf(headers.authorization);
  if (user !== undefined) return user === "" ? undefined : { appId: user, method: foldPath(path).slice(1) };
  const [prefix] = /^\/*v1\.0\/+invoke\/+(?!\/)/.exec(path) ?? [];
  const end = prefix === undefined ? -1 : path.indexOf("/method/", prefix.length + 1);
  if (prefix === undefined || end === -1) return undefined;
  const method = path.slice(end + "/method/".length);
  return { appId: decodeAgain(path.slice(prefix.length, end)), method: foldPath(method).slice(1) };
}

/** The app id of `http://dapr-app-id:<app id>@localhost:3500/…`, which clients send as Basic authorization. */
function userOf(authorization: string | undefined): string | undefined {
  const [, encoded] =
    /^Basic ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(authorization ?? "") ?? [];
  const [name, appId, ...others] = Buffer.from(encoded ?? "", "base64")
    .toString("utf8")
    .split(":");
  return name!.toLowerCase() === "dapr-app-id" && others.length === 0 ? appId : undefined;
}

/** daprd decodes an app id once more, and as a query: `+` becomes a space there, however it was escaped. */
function decodeAgain(appId: string): string {
  try {
    return decodeURIComponent(appId.replaceAll("+", " "));
  } catch {
    return appId;
  }
}

async function callTarget(target: Target, request: ApiRequest, options: InvocationOptions): Promise<AppReply> {
  const forwarded = toAppRequest(target.method, request);
  try {
    return await options.resiliency.app(
      target.appId,
      target.method,
    )(async (signal) => {
      const reply = await sendTo(target.appId, options)({ ...forwarded, signal });
      if (reply.status < 200 || reply.status > 399) throw new StatusError(reply.status, reply, "the app said no");
      return reply;
    });
  } catch (error) {
    if (error instanceof StatusError) return error.reply as AppReply;
    throw error;
  }
}

/** @throws Error for an app that is not there */
function sendTo(appId: string, options: InvocationOptions): (request: AppRequest) => Promise<AppReply> {
  const [id, namespace = "default", ...others] = appId.split(".");
  if (/^https?:\/\//.test(appId)) return (request) => callUrl(appId, request, options.dispatcher());
  if (others.length > 0) throw new Error(`invalid app id ${appId}`);
  const app = namespace === "default" ? options.apps.get(id!) : undefined;
  if (!app) throw new Error(`couldn't find service: ${appId}`);
  if (app.port === undefined) throw new Error("cannot invoke local endpoint: app channel not initialized");
  if (id === options.appId) return (request) => app.send(request);
  return (request) => app.send({ ...request, headers: { ...request.headers, ...callHeaders(options.appId, id!) } });
}

/** What the sidecar of a caller says to another one, and that to its app. */
function callHeaders(caller: string, callee: string): Readonly<Record<string, string>> {
  return { "dapr-caller-app-id": caller, "dapr-callee-app-id": callee, "dapr-caller-namespace": "default" };
}

function toAppRequest(method: string, request: ApiRequest): AppRequest {
  if (/[#?\p{Cc}]/u.test(method)) {
    throw new Error(
      `rpc error: code = InvalidArgument desc = invalid method: method contains forbidden character: ${JSON.stringify(method)}`,
    );
  }
  if (/%(?![0-9a-f]{2})/i.test(method)) throw new Error(`parse ${JSON.stringify(method)}: invalid URL escape`);
  const dropped = (request.headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const headers = Object.entries(request.headers).filter(
    ([name]) => !isConnectionHeader(name) && !dropped.includes(name) && name !== "dapr-app-id",
  );
  return {
    method: verbs.includes(request.method) ? request.method : "POST",
    path: `/${method}${request.rawQuery === "" ? "" : `?${request.rawQuery}`}`,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, value ?? ""])),
    body: request.body(),
  };
}

async function callUrl(base: string, request: AppRequest, dispatcher: Dispatcher): Promise<AppReply> {
  const response = await dispatcher.request({
    ...splitUrl(`${base.replace(/\/$/, "")}${request.path}`),
    method: request.method as Dispatcher.HttpMethod,
    headers: request.headers as Record<string, string>,
    body: request.body?.length ? request.body : null,
    ...(request.signal !== undefined && { signal: request.signal }),
  });
  return {
    status: response.statusCode,
    headers: response.headers as AppReply["headers"],
    body: Buffer.from(await response.body.arrayBuffer()),
  };
}

function toReply({ status, headers, body }: AppReply): ApiReply {
  const passed = Object.fromEntries(Object.entries(headers).filter(([name]) => !isConnectionHeader(name)));
  const isError = status < 200 || status > 399;
  // A content type that the app did not give is invented: JSON for an error, else what the bytes look like.
  if (passed["content-type"] === undefined && (isError || body.length > 0)) {
    passed["content-type"] = isError ? "application/json" : guessContentType(body);
  }
  return { status, headers: passed, ...(body.length > 0 && { body }) };
}

function guessContentType(body: Buffer): string {
  const text = body.subarray(0, 512);
  return text.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b))
    ? "application/octet-stream"
    : "text/plain; charset=utf-8";
}
