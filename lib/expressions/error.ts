import { PayloadError } from "../model/errors.js";

/** What can be wrong with an expression. From `no-value` on it depends on the data of one invocation. */
export type ExpressionFault =
  | "not-closed"
  | "not-opened"
  | "empty"
  | "not-an-expression"
  | "name"
  | "blank-part"
  | "setting-unclosed"
  | "setting-missing"
  | "format"
  | "no-value"
  | "no-member"
  | "not-text";

/**
 * An expression that cannot be read, or that finds no text in the data of an invocation. `message` says what is wrong
 * and what to do, not where: whoever knows the binding puts that before it. It never holds a value of a payload.
 */
export class ExpressionError extends Error {
  override readonly name: string = "ExpressionError";
  /** Counts from 0 for a `%`, from 1 for a brace, as the Functions host counts. */
  readonly position: number | undefined;
  /** The expression, setting, name or format concerned. */
  readonly subject: string | undefined;

  constructor(
    readonly kind: ExpressionFault,
    message: string,
    about: { readonly position?: number | undefined; readonly subject?: string | undefined } = {},
  ) {
    super(message);
    this.position = about.position;
    this.subject = about.subject;
  }
}

/**
 * The error with which an invocation ends when an expression finds no data (`ERR_BINDING_DATA`).
 *
 * @param place where the expression stands: `Parcels.findParcel, input "parcel", key`
 */
export function toBindingDataError(error: ExpressionError, place: string): PayloadError {
  return new PayloadError("ERR_BINDING_DATA", `${place}: ${error.message}`, { cause: error });
}
