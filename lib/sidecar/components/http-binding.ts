import { STATUS_CODES } from "node:http";
import type { Dispatcher } from "undici";
import type { BindingRequest, BindingResponse, OutputBinding } from "../api/bindings.js";
import { property, type Properties } from "./components.js";
import { isTruthy } from "../values/go-values.js";
import { splitUrl } from "../api/raw-url.js";

const operations = ["create", "get", "head", "post", "put", "patch", "delete", "options", "trace"];

/** `bindings.http`: one request per invocation. @throws Error when `url` is not a URL. */
export function openHttpBinding(properties: Properties, dispatcher: () => Dispatcher): OutputBinding {
  const url = property(properties, "url") ?? "";
  splitUrl(url);
  const failUnless2xx = isTruthy(property(properties, "errorIfNot2XX") || "true");
  const tokenHeader = property(properties, "securityTokenHeader");
  const token = property(properties, "securityToken");
  const security = tokenHeader && token ? { [tokenHeader]: token } : {};
  return {
    operations,
    async invoke(request) {
      const response = await send(dispatcher(), url, request, security);
      const override = request.metadata["errorIfNot2XX"];
      const fails = override ? isTruthy(override) : failUnless2xx;
      const status = Number(response.metadata["statusCode"]);
      return fails && (status < 200 || status > 299)
        ? { ...response, error: `received status code ${status}` }
        : response;
    },
  };
}

async function send(
  dispatcher: Dispatcher,
  base: string,
  { operation, data, metadata }: BindingRequest,
  security: Readonly<Record<string, string>>,
): Promise<BindingResponse & { readonly metadata: Readonly<Record<string, string>> }> {
  const url = metadata["path"] ? `${base.replace(/(?<!\/)\/+$/, "")}/${metadata["path"].replace(/^\/+/, "")}` : base;
  const method = operation === "create" ? "POST" : operation.toUpperCase();
  const hasBody = ["POST", "PUT", "PATCH"].includes(method);
  const json = "application/json; charset=utf-8";
  const headers = new Headers({ ...(hasBody && { "content-type": json }), accept: json, ...security });
  for (const [name, value] of Object.entries(metadata)) {
    if (/^[A-Z]/.test(name) || ["traceparent", "tracestate", "baggage"].includes(name)) headers.set(name, value);
  }
  const { interceptors } = require("undici") as typeof import("undici");
  // daprd's binding follows redirects, unlike every other call that it makes.
  const following = dispatcher.compose(interceptors.redirect({ maxRedirections: 10 }));
  const response = await following.request({
    ...splitUrl(url),
    method: method as Dispatcher.HttpMethod,
    headers: Object.fromEntries(headers),
    body: hasBody ? JSON.stringify(data) : null,
  });
  const status = response.statusCode;
  const received = Object.entries(response.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : (value ?? ""),
  ]);
  return {
    data: Buffer.from(await response.body.arrayBuffer()),
    metadata: {
      ...(Object.fromEntries(received) as Record<string, string>),
      statusCode: String(status),
      status: `${status} ${STATUS_CODES[status] ?? ""}`.trim(),
    },
  };
}
