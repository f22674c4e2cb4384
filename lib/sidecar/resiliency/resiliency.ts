import type { Manifest, ManifestObject } from "../components/manifests.js";
import { parseDuration } from "../values/go-values.js";
import { CircuitBreaker, type CircuitBreakerPolicy, type Counts } from "./circuit-breaker.js";
import { withRetries, type RetryPolicy } from "./retries.js";

/** What a call is made with. `signal` is aborted when the policy's time is over. */
export type Call<T> = (signal: AbortSignal | undefined) => Promise<T>;

/**
 * Makes a call as the policies of its target say; without policies, once. Where `ending` is aborted and another attempt
 * would come, it rejects with `CutShort`.
 */
export type PolicyRunner = <T>(call: Call<T>, ending?: AbortSignal) => Promise<T>;

/** Names of policies; undefined where the file gives none. */
interface PolicyNames {
  readonly timeout: string | undefined;
  readonly retry: string | undefined;
  readonly circuitBreaker: string | undefined;
}

/** What a file of kind `Resiliency` says. */
export interface ResiliencySpec {
  readonly name: string;
  readonly scopes: readonly string[] | undefined;
  readonly source: string;
  readonly timeouts: ReadonlyMap<string, number>;
  readonly retries: ReadonlyMap<string, RetryPolicy>;
  readonly circuitBreakers: ReadonlyMap<string, CircuitBreakerPolicy>;
  readonly apps: ReadonlyMap<string, PolicyNames>;
  readonly components: ReadonlyMap<string, { readonly inbound: PolicyNames; readonly outbound: PolicyNames }>;
  /** What of it the embedded sidecar does not do. */
  readonly notes: readonly string[];
}

/**
 * Reads a Resiliency file.
 *
 * @throws Error naming what is not as Dapr's schema has it
 * @see https://docs.dapr.io/reference/resource-specs/resiliency-schema/
 */
export function toResiliencySpec({ value, source }: Manifest): ResiliencySpec {
  const name = value.object("metadata")?.text("name") ?? "";
  const spec = value.object("spec");
  const policies = spec?.object("policies");
  const targets = spec?.object("targets");
  const parts = {
    timeouts: mapOf(policies, "timeouts", (object, key) => durationIn(object, key)!),
    retries: mapOf(policies, "retries", (object, key) => toRetryPolicy(object.object(key)!)),
    circuitBreakers: mapOf(policies, "circuitBreakers", (object, key) => toBreakerPolicy(object.object(key)!)),
    apps: mapOf(targets, "apps", (object, key) => toNames(object.object(key))),
    components: mapOf(targets, "components", (object, key) => ({
      inbound: toNames(object.object(key)?.object("inbound")),
      outbound: toNames(object.object(key)?.object("outbound")),
    })),
  };
  const notes = [
    ...unknownPolicies(parts),
    ...(targets?.object("actors") ? ["its policies for actors are not applied here; daprd applies them"] : []),
  ];
  return { name, scopes: value.texts("scopes"), source, ...parts, notes };
}

function mapOf<T>(
  parent: ManifestObject | undefined,
  member: string,
  read: (object: ManifestObject, key: string) => T,
): ReadonlyMap<string, T> {
  const object = parent?.object(member);
  const keys = object?.names.filter((key) => object.value(key) !== undefined) ?? [];
  return new Map(keys.map((key) => [key, read(object!, key)]));
}

function toNames(object: ManifestObject | undefined): PolicyNames {
  const text = (name: string) => object?.text(name) || undefined;
  return { timeout: text("timeout"), retry: text("retry"), circuitBreaker: text("circuitBreaker") };
}

/** A target that names a policy which is not there has none, as in daprd, which does not say so. */
function unknownPolicies(
  spec: Pick<ResiliencySpec, "timeouts" | "retries" | "circuitBreakers" | "apps" | "components">,
): readonly string[] {
  const named = [
    ...spec.apps.values(),
    ...[...spec.components.values()].flatMap(({ inbound, outbound }) => [inbound, outbound]),
  ];
  const check = (kind: string, names: readonly (string | undefined)[], known: ReadonlyMap<string, unknown>) =>
    [...new Set(names)].flatMap((name) =>
      name === undefined || known.has(name) ? [] : [`a target names the ${kind} "${name}", which it does not have`],
    );
  return [
    ...check(
      "timeout",
      named.map(({ timeout }) => timeout),
      spec.timeouts,
    ),
    ...check(
      "retry",
      named.map(({ retry }) => retry),
      spec.retries,
    ),
    ...check(
      "circuit breaker",
      named.map(({ circuitBreaker }) => circuitBreaker),
      spec.circuitBreakers,
    ),
  ];
}

function toRetryPolicy(object: ManifestObject): RetryPolicy {
  const policy = object.text("policy")?.toLowerCase() ?? "constant";
  if (policy !== "constant" && policy !== "exponential") {
    throw new Error(`a retry's policy is "${policy}"; write constant or exponential`);
  }
  return {
    policy,
    duration: durationIn(object, "duration") ?? 5_000,
    maxInterval: durationIn(object, "maxInterval") ?? 60_000,
    maxRetries: Math.max(-1, object.whole("maxRetries") ?? -1),
    statuses: toRanges(object.object("matching")?.scalar("httpStatusCodes") ?? ""),
  };
}

/** `429,500-599`; undefined for all. */
function toRanges(text: string): RetryPolicy["statuses"] {
  if (text === "") return undefined;
  return text.split(",").flatMap((part) => {
    if (part === "") return [];
    const [first = Number.NaN, last = first, ...more] = part
      .split("-")
      .map((code) => (/^\d{3}$/.test(code) ? Number(code) : Number.NaN));
    if (more.length > 0 || !(first >= 100 && first <= last && last <= 599)) {
      throw new Error(`a retry's httpStatusCodes hold "${part}"; write codes and ranges of them: 429,500-599`);
    }
    return [[first, last] as const];
  });
}

function toBreakerPolicy(object: ManifestObject): CircuitBreakerPolicy {
  return {
    maxRequests: object.whole("maxRequests") ?? 1,
    interval: durationIn(object, "interval") ?? 0,
    timeout: durationIn(object, "timeout") ?? 60_000,
    trip: object.text("trip") || undefined,
  };
}

/** Milliseconds: a number of them, or a Go duration. */
function durationIn(object: ManifestObject, name: string): number | undefined {
  const text = object.scalar(name);
  if (text === undefined || text === "") return undefined;
  const duration = /^[-+]?\d+$/.test(text) ? Number(text) : parseDuration(text);
  if (duration === undefined) throw new Error(`the duration ${name} is "${text}"; write one like 250ms or 5s`);
  return duration;
}

/** What policies need of the sidecar. */
export interface ResiliencyOptions {
  /** Ends repetitions. */
  readonly closing: AbortSignal;
  readonly trips: (expression: string, counts: Counts) => Promise<boolean>;
  readonly log: (message: string) => void;
}

/** The policies of all Resiliency files that an app sees; of two that name one target, the later counts. */
export class Resiliency {
  readonly #breakers = new Map<string, CircuitBreaker>();
  readonly #timeouts: ReadonlyMap<string, number>;
  readonly #retries: ReadonlyMap<string, RetryPolicy>;
  readonly #circuitBreakers: ReadonlyMap<string, CircuitBreakerPolicy>;
  readonly #apps: ResiliencySpec["apps"];
  readonly #components: ResiliencySpec["components"];

  constructor(
    specs: readonly ResiliencySpec[],
    private readonly options: ResiliencyOptions,
  ) {
    this.#timeouts = new Map(specs.flatMap(({ timeouts }) => [...timeouts]));
    this.#retries = new Map(specs.flatMap(({ retries }) => [...retries]));
    this.#circuitBreakers = new Map(specs.flatMap(({ circuitBreakers }) => [...circuitBreakers]));
    this.#apps = new Map(specs.flatMap(({ apps }) => [...apps]));
    this.#components = new Map(specs.flatMap(({ components }) => [...components]));
  }

  /** For calls of a method of another app. */
  app(appId: string, method: string): PolicyRunner {
    const names = this.#apps.get(appId) ?? this.#defaults(["App"]);
    return this.#runner(names, `${appId}:${method}`);
  }

  /** For what a component delivers to the app. */
  inbound(component: string, kind: "Binding" | "Pubsub"): PolicyRunner {
    return this.#component(component, kind, "Inbound");
  }

  /** For what a component is asked to do. */
  outbound(component: string, kind: "Binding"): PolicyRunner {
    return this.#component(component, kind, "Outbound");
  }

  #component(component: string, kind: string, direction: "Inbound" | "Outbound"): PolicyRunner {
    const target = this.#components.get(component);
    const own = direction === "Inbound" ? target?.inbound : target?.outbound;
    const levels = [`${kind}Component${direction}`, `Component${direction}`, "Component"];
    // One breaker a component, whatever the direction, as in daprd.
    return this.#runner(own ?? this.#defaults(levels), `component ${component}`);
  }

  #defaults(levels: readonly string[]): PolicyNames {
    const first = (kind: string, known: ReadonlyMap<string, unknown>) =>
      [...levels, ""].map((level) => `Default${level}${kind}Policy`).find((name) => known.has(name));
    return {
      timeout: first("Timeout", this.#timeouts),
      retry: first("Retry", this.#retries),
      circuitBreaker: first("CircuitBreaker", this.#circuitBreakers),
    };
  }

  #runner({ timeout, retry, circuitBreaker }: PolicyNames, target: string): PolicyRunner {
    const limit = this.#timeouts.get(timeout ?? "") ?? 0;
    const retries = this.#retries.get(retry ?? "");
    const breaker = this.#breakerOf(circuitBreaker, target);
    return (call, ending) => {
      const limited = limit > 0 ? () => withTimeout(limit, call) : () => call(undefined);
      const guarded = breaker ? () => breaker.run(limited) : limited;
      return retries ? withRetries(retries, guarded, this.options.closing, ending) : guarded();
    };
  }

  #breakerOf(name: string | undefined, target: string): CircuitBreaker | undefined {
    const policy = this.#circuitBreakers.get(name ?? "");
    if (policy === undefined) return undefined;
    let breaker = this.#breakers.get(target);
    if (breaker === undefined) {
      const { trips, log } = this.options;
      breaker = new CircuitBreaker(policy, trips, (state) => log(`the circuit breaker of ${target} is ${state}`));
      this.#breakers.set(target, breaker);
    }
    return breaker;
  }
}

async function withTimeout<T>(limit: number, call: Call<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        reject(new Error("context deadline exceeded"));
        controller.abort();
      },
      Math.min(limit, 2 ** 31 - 1),
    );
  });
  try {
    return await Promise.race([call(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
