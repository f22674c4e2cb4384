import { messageOf } from "../../model/thrown.js";
import { ApiError, json, noContent, route, type Route } from "./api.js";
import type { Subscription } from "../app/subscriptions.js";

/** What the sidecar can say of itself at the moment. */
export interface SidecarState {
  readonly appId: string;
  readonly components: readonly object[];
  readonly subscriptions: readonly Subscription[];
  /** Undefined without an app. */
  readonly appPort: number | undefined;
  /** The app was asked for its subscriptions and bindings, or there is none. */
  readonly ready: boolean;
}

/** The Dapr API that is followed; the suffix says that this is not daprd. */
const runtimeVersion = "1.18.1+embedded";

/** Metadata, health and shutdown. @see https://docs.dapr.io/reference/api/metadata_api/ */
export function metadataRoutes(state: () => SidecarState, shutdown: () => void): readonly Route[] {
  const extended = new Map<string, string>();
  return [
    route(["GET"], "/v1.0/healthz", (_, request) => {
      const { ready, appId } = state();
      if (!ready) throw new ApiError(500, "ERR_HEALTH_NOT_READY", "dapr is not ready: [app]");
      const expected = new URLSearchParams(request.rawQuery).get("appid");
      if (expected !== null && expected !== appId) {
        throw new ApiError(500, "ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match");
      }
      return noContent;
    }),
    route(["GET"], "/v1.0/healthz/outbound", () => noContent),
    route(["GET"], "/v1.0/metadata", () => json(describe(state(), extended))),
    route(["PUT"], "/v1.0/metadata/{key}", ({ key }, request) => {
      try {
        extended.set(key, request.body().toString("utf8"));
      } catch (error) {
        throw new ApiError(400, "ERR_BODY_READ", `failed to read request body: ${messageOf(error)}`);
      }
      return noContent;
    }),
    route(["POST"], "/v1.0/shutdown", () => {
      setImmediate(shutdown);
      return noContent;
    }),
  ];
}

function describe(state: SidecarState, extended: ReadonlyMap<string, string>): object {
  const { appId, components, subscriptions, appPort } = state;
  return {
    id: appId,
    runtimeVersion,
    ...(components.length > 0 && { components }),
    extended: { ...Object.fromEntries(extended), daprRuntimeVersion: runtimeVersion },
    ...(subscriptions.length > 0 && { subscriptions: subscriptions.map(describeSubscription) }),
    appConnectionProperties: {
      ...(appPort !== undefined && { port: appPort }),
      protocol: "http",
      channelAddress: "127.0.0.1",
    },
  };
}

function describeSubscription({ pubsubName, topic, metadata, rules, deadLetterTopic, type }: Subscription): object {
  return {
    pubsubname: pubsubName,
    topic,
    ...(Object.keys(metadata).length > 0 && { metadata }),
    rules: rules.map(({ match, path }) => (match === "" ? { path } : { match, path })),
    deadLetterTopic,
    type,
  };
}
