import type { OwnUser } from '../protocol';

const KEY = 'hearth.self';

/** Who was signed in here last, so that a reload shows something before the server answers. Holds no secret. */
export function rememberedSelf(): OwnUser | null {
  try {
    const text = localStorage.getItem(KEY);
    const user: unknown = text === null ? null : JSON.parse(text);
    return isOwnUser(user) ? user : null;
  } catch {
    return null;
  }
}

/** Null forgets. A browser that does not let us only starts slower. */
export function rememberSelf(user: OwnUser | null): void {
  try {
    if (user === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(user));
  } catch {
    // Blocked storage.
  }
}

function isOwnUser(user: unknown): user is OwnUser {
  return (
    typeof user === 'object' &&
    user !== null &&
    'id' in user &&
    typeof user.id === 'string' &&
    'username' in user &&
    typeof user.username === 'string'
  );
}
