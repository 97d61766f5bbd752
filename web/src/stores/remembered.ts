import type { OwnUser } from '../protocol';

const SELF = 'hearth.self';
const LEAVING = 'hearth.leaving';

/** Who is signed in to this browser as far as is known, so that a reload shows something at once. Holds no secret. */
export function rememberedSelf(): OwnUser | null {
  try {
    const text = localStorage.getItem(SELF);
    const user: unknown = text === null ? null : JSON.parse(text);
    return isOwnUser(user) ? user : null;
  } catch {
    return null;
  }
}

/** Null: nobody, or it is just being decided. */
export function rememberSelf(user: OwnUser | null): void {
  keep(SELF, user === null ? null : JSON.stringify(user));
}

/** Somebody signed out while the server could not be told: its cookie must not let the next one in. */
export function isLeaving(): boolean {
  try {
    return localStorage.getItem(LEAVING) !== null;
  } catch {
    return false;
  }
}

export function rememberLeaving(leaving: boolean): void {
  keep(LEAVING, leaving ? '1' : null);
}

/** Another tab signed somebody in or out. Returns how to stop listening. */
export function watchRemembered(changed: () => void): () => void {
  const end = new AbortController();
  const hear = (event: StorageEvent): void => {
    if (event.key === SELF) changed();
  };
  window.addEventListener('storage', hear, { signal: end.signal });
  return () => end.abort();
}

function keep(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // A browser that does not let us only starts slower.
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
