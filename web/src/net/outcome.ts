import type { Code, FieldError } from '../protocol';

/**
 * Why something did not happen. The codes are those of the wire and one of our own: `NETWORK`, no answer came
 * (cut, timed out, not connected), so the outcome is unknown.
 */
export interface Failure {
  code: Code | 'NETWORK';
  /** A sentence for the person, as the server wrote it; for `NETWORK` in English, translate by code. */
  message: string;
  /** The first error of each field, by its path (`username`, `password`, `name`, …); empty if it is about no field. */
  fields: Record<string, FieldError>;
  /** How long to wait before trying again, in milliseconds. */
  retryAfterMs: number | null;
}

/** What a store action hands to a component: it never throws for something that a server or network may do. */
export type Outcome<T = void> = { ok: true; data: T } | { ok: false; failure: Failure };

/** A success. */
export function done<T>(data: T): Outcome<T> {
  return { ok: true, data };
}

/** A failure. */
export function failed(failure: Failure): { ok: false; failure: Failure } {
  return { ok: false, failure };
}

/** No answer: what was asked for may or may not have happened. */
export function unreachable(message: string): Failure {
  return { code: 'NETWORK', message, fields: {}, retryAfterMs: null };
}
