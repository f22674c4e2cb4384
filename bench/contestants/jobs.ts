import type { bySdk } from "./by-sdk.js";
import type { byUndici } from "./by-undici.js";
import { seen, type Order, type OrderEvent } from "./contestant.js";

type Sidecar = Omit<ReturnType<typeof bySdk>, "read"> & Partial<Pick<ReturnType<typeof byUndici>, "publishInBulk">>;

/** One job: what a request's payload has sent to the sidecar before its empty answer. */
export type Job = (payload: unknown) => Promise<void>;

/** The jobs with empty answers, by path, which are the same behind every framework. */
export function jobsOf(sidecar: Sidecar): Readonly<Record<string, Job>> {
  const { publishInBulk } = sidecar;
  return {
    "/save-order": (order) => sidecar.save([order as Order]),
    "/invoke-other": (order) => sidecar.invoke(order as Order),
    "/call-binding": (order) => sidecar.call(order as Order),
    "/relay": async (event) => {
      await sidecar.publishCopy((event as OrderEvent).data);
      seen.events++;
    },
    "/save-items": (orders) => sidecar.save(orders as Order[]),
    "/publish-items": async (orders) => {
      for (const item of orders as Order[]) await sidecar.publish(item);
    },
    "/call-binding-items": async (orders) => {
      for (const item of orders as Order[]) await sidecar.call(item);
    },
    ...(publishInBulk !== undefined && {
      "/publish-items-bulk": (orders: unknown) => publishInBulk(orders as Order[]),
    }),
  };
}
