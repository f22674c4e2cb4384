import { messageOf } from "../../model/thrown.js";
import { ApiError, json, route, type Route } from "./api.js";
import type { SecretStore } from "../components/secret-stores.js";

/** @see https://docs.dapr.io/reference/api/secrets_api/ */
export function secretRoutes(stores: ReadonlyMap<string, SecretStore>): readonly Route[] {
  return [
    route(["GET"], "/v1.0/secrets/{store}/bulk", ({ store }) => json(storeOf(stores, store).all())),
    route(["GET"], "/v1.0/secrets/{store}/{key}", ({ store, key }) => {
      const secrets = storeOf(stores, store);
      try {
        return json(secrets.get(key));
      } catch (error) {
        const message = `failed getting secret with key ${key} from secret store ${store}: ${messageOf(error)}`;
        throw new ApiError(500, "ERR_SECRET_GET", message);
      }
    }),
  ];
}

function storeOf(stores: ReadonlyMap<string, SecretStore>, name: string): SecretStore {
  if (stores.size === 0) {
    throw new ApiError(500, "ERR_SECRET_STORES_NOT_CONFIGURED", "secret store is not configured");
  }
  const store = stores.get(name);
  if (!store) {
    throw new ApiError(401, "ERR_SECRET_STORE_NOT_FOUND", `failed finding secret store with key ${name}`);
  }
  return store;
}
