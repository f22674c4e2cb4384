/**
 * The names that the decorators take. `npx dapr-functions types` adds to it those of component files, and a name that
 * is not among them then does not compile; without that any text does.
 *
 * @example
 * declare module "dapr-functions" {
 *   interface DaprNames { stateStore: "statestore" }
 * }
 */
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-empty-interface -- members come by augmentation
export interface DaprNames {}

/** A name of one kind: one that is known, or a text with `%setting%` or `{data}` in it, which is known later. */
export type Named<Kind extends string> = DaprNames extends { readonly [K in Kind]: infer Known extends string }
  ? Known | Beside<Kind, Known> | `${string}%${SettingName}%${string}` | `${string}{${string}}${string}`
  : string;

/** What no file names: an app of another namespace, a URL outside of Dapr, and the secrets of Kubernetes. */
type Beside<Kind, Known extends string> = Kind extends "appId"
  ? `${Known}.${string}` | `http://${string}` | `https://${string}`
  : Kind extends "secretStoreName"
    ? "kubernetes"
    : never;

/** As written, and in the two other spellings that one expects: settings are found in any case. */
type SettingName = DaprNames extends { readonly setting: infer Known extends string }
  ? Known | Lowercase<Known> | Uppercase<Known>
  : string;
