/** An order, as callers send it and as both applications pass it on. */
export interface Order {
  readonly id: string;
  readonly total: number;
}
