import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';

import { done, failed, unreachable, type Outcome } from '../net/outcome';
import { LIMITS, type Profile, type User } from '../protocol';
import { useConnectionStore } from './connection';
import { services } from './services';

/** How many search results are shown at once. */
const FOUND_MAX = 20;
/** How long to wait after a refusal (too many at once), in milliseconds. */
const AGAIN = 2_000;
/** How many people's presence is followed over a reconnect; those met last. */
const FOLLOWED_MAX = 1_000;

/** Everybody who was met so far, whether they are there, and who is typing. */
export const usePeopleStore = defineStore('people', () => {
  const connection = useConnectionStore();
  const known = shallowReactive(new Map<string, User>());
  const typing = shallowReactive(new Map<string, string[]>());
  /** Asked for, or to be asked for; those who do not exist stay in it, so that they are asked for once. */
  const asked = new Set<string>();
  let queue: string[] = [];

  /** Reactive; null until known. Asking for somebody who is not known yet also fetches them. */
  function byId(userId: string): User | null {
    const person = known.get(userId);
    if (person === undefined) ensure([userId]);
    return person ?? null;
  }

  /** Reactive: whether somebody is here now; null while nobody can say: not known yet, or no connection to hear it by. */
  function presence(userId: string | undefined): boolean | null {
    const person = userId === undefined ? null : byId(userId);
    return person === null || connection.bannerVisible ? null : person.isOnline;
  }

  /** Fetches whoever is not known yet and subscribes to their presence; many calls become one command. */
  function ensure(userIds: readonly string[]): void {
    for (const userId of userIds) {
      if (asked.has(userId)) continue;
      asked.add(userId);
      if (queue.length === 0) queueMicrotask(() => void fetchQueued());
      queue.push(userId);
    }
  }

  async function fetchQueued(): Promise<void> {
    const wanted = queue;
    queue = [];
    for (let at = 0; at < wanted.length; at += LIMITS.users.max) {
      const userIds = wanted.slice(at, at + LIMITS.users.max);
      const outcome = await services()?.link.command('user:get', { userIds });
      if (outcome?.ok === true) for (const user of [outcome.data.data].flat()) put(user);
      else if (services()?.link.online === true) setTimeout(() => again(userIds), AGAIN);
    }
  }

  /** Without a connection the next one asks again; refused with one, this does. */
  function again(userIds: readonly string[]): void {
    for (const userId of userIds) asked.delete(userId);
    ensure(userIds);
  }

  /** Users by the beginning of their name, without oneself; without `all` also without those one has a direct conversation with. */
  async function search(query: string, options: { all?: boolean } = {}): Promise<Outcome<User[]>> {
    const link = services()?.link;
    if (link === undefined) return failed(unreachable('signed out'));
    const payload = { q: query.trim().slice(0, LIMITS.search.max), size: FOUND_MAX, all: options.all ?? false };
    const outcome = await link.command('user:search', payload);
    return outcome.ok ? done(outcome.data.data) : outcome;
  }

  /** Reactive: who is typing there now, without oneself, the earliest first. */
  function typingIn(channelId: string): string[] {
    return typing.get(channelId) ?? [];
  }
  /** Call at every key typed into the composer. */
  function typed(channelId: string): void {
    services()?.typing.key(channelId);
  }
  /** Call when the composer became empty or was left. Sending does it by itself. */
  function stoppedTyping(channelId: string): void {
    services()?.typing.stop(channelId);
  }

  /** For `live.ts`: the server described somebody. */
  function put(user: User): void {
    asked.add(user.id);
    known.set(user.id, user);
  }
  /** For `live.ts`: somebody came or went. */
  function setPresence(userId: string, isOnline: boolean): void {
    const person = known.get(userId);
    if (person !== undefined && person.isOnline !== isOnline) known.set(userId, { ...person, isOnline });
  }
  /** For `live.ts`: somebody goes by another name. */
  function rename({ id, username, displayName }: Profile): void {
    const person = known.get(id);
    if (person !== undefined) known.set(id, { ...person, username, displayName });
  }
  /** For `live.ts`. */
  function setTyping(channelId: string, userIds: string[]): void {
    if (userIds.length === 0) typing.delete(channelId);
    else typing.set(channelId, userIds);
  }
  /** For `live.ts`: the connection is new, and follows nobody's presence yet. */
  function refresh(): void {
    const everybody = [...asked].slice(-FOLLOWED_MAX);
    asked.clear();
    ensure(everybody);
  }
  /** For `live.ts`: somebody else may sign in next. */
  function reset(): void {
    known.clear();
    typing.clear();
    asked.clear();
    queue = [];
  }

  return {
    byId,
    presence,
    ensure,
    search,
    typingIn,
    typed,
    stoppedTyping,
    put,
    setPresence,
    rename,
    setTyping,
    refresh,
    reset,
  };
});
