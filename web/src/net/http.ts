import type { ChangePassword, FieldError, LogIn, Meta, OwnUser, SessionInfo, SessionList, SignUp } from '../protocol';
import { done, failed, unreachable, type Failure, type Outcome } from './outcome';

/** A sign-in that hangs must say so: Argon2 and a queue before it take a few seconds at most. In milliseconds. */
const DEADLINE = 15_000;

/** Makes an account and signs in to it. */
export function signUp(form: SignUp): Promise<Outcome<OwnUser>> {
  return call('POST', '/api/signup', form);
}

/** Signs in. */
export function logIn(form: LogIn): Promise<Outcome<OwnUser>> {
  return call('POST', '/api/login', form);
}

/** Ends the session of this browser. */
export function logOut(): Promise<Outcome<null>> {
  return call('POST', '/api/logout');
}

/** Who is signed in; `UNAUTHENTICATED` if nobody is. */
export function fetchSelf(): Promise<Outcome<OwnUser>> {
  return call('GET', '/api/self');
}

/** What the server says of itself to anybody. */
export function fetchMeta(): Promise<Outcome<Meta>> {
  return call('GET', '/api/meta');
}

/** Puts a new password in place of the current one; every other session of the account ends. */
export function changePassword(form: ChangePassword): Promise<Outcome<null>> {
  return call('POST', '/api/password', form);
}

/** Where one is signed in, the last used first. */
export async function fetchSessions(): Promise<Outcome<SessionInfo[]>> {
  const outcome = await call<SessionList>('GET', '/api/sessions');
  return outcome.ok ? done(outcome.data.sessions) : outcome;
}

/** Ends a session of one's own. */
export function endSession(id: string): Promise<Outcome<null>> {
  return call('DELETE', `/api/sessions/${encodeURIComponent(id)}`);
}

/** Ends all sessions of one's own but this browser's. */
export function endOtherSessions(): Promise<Outcome<null>> {
  return call('DELETE', '/api/sessions');
}

async function call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Outcome<T>> {
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(DEADLINE),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const answer: unknown = response.status === 204 ? null : await response.json().catch(() => null);
    return response.ok ? done(answer as T) : failed(failureOf(answer, response));
  } catch (error) {
    return failed(unreachable(error instanceof Error ? error.message : String(error)));
  }
}

function failureOf(answer: unknown, response: Response): Failure {
  if (isRefusal(answer)) return readFailure(answer);
  // Not from the server but from something before it, or from a server that is going down.
  const code = response.status === 401 ? 'UNAUTHENTICATED' : 'UNAVAILABLE';
  const wait = Number(response.headers.get('retry-after'));
  const retryAfterMs = Number.isFinite(wait) && wait > 0 ? wait * 1_000 : null;
  return { code, message: response.statusText || `status ${response.status}`, fields: {}, retryAfterMs };
}

interface Refusal {
  code: Failure['code'];
  message: string;
  errors?: FieldError[] | null;
  retryAfterMs?: number | null;
}

function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === 'object' && answer !== null && 'code' in answer && typeof answer.code === 'string';
}

/** Reads an error answer, of HTTP or of a command. */
export function readFailure(refusal: Refusal): Failure {
  const fields: Record<string, FieldError> = {};
  for (const error of refusal.errors ?? []) fields[error.path] ??= error;
  return { code: refusal.code, message: refusal.message, fields, retryAfterMs: refusal.retryAfterMs ?? null };
}
