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
  const known = shallowReactive(new Map<string, Profile>());
  /** Whom the server told of; of those who are only remembered nobody knows. */
  const online = shallowReactive(new Map<string, boolean>());
  const typing = shallowReactive(new Map<string, string[]>());
  /** Asked for, or to be asked for; those who do not exist stay in it, so that they are asked for once. */
  const asked = new Set<string>();
  let queue: string[] = [];
  let watchers: ((userId: string) => void)[] = [];

  /** Reactive; null until known. Asking for somebody whom the server did not tell of yet also fetches them. */
  function byId(userId: string): Profile | null {
    ensure([userId]);
    return known.get(userId) ?? null;
  }

  /** Reactive: whether somebody is here now; null while nobody can say: not known yet, or no connection to hear it by. */
  function presence(userId: string | undefined): boolean | null {
    if (userId === undefined || connection.bannerVisible) return null;
    ensure([userId]);
    return online.get(userId) ?? null;
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
    online.set(user.id, user.isOnline);
    name(user);
  }
  /** For `live.ts`: somebody came or went. */
  function setPresence(userId: string, isOnline: boolean): void {
    if (online.has(userId)) online.set(userId, isOnline);
  }
  /** For `live.ts`: somebody goes by another name. */
  function rename(profile: Profile): void {
    if (known.has(profile.id)) name(profile);
  }
  /** For `live.ts`: what people were called when one was here last. */
  function remember(profiles: readonly Profile[]): void {
    for (const profile of profiles) if (!known.has(profile.id)) known.set(profile.id, profile);
  }
  function name({ id, username, displayName }: Profile): void {
    const before = known.get(id);
    if (before?.username === username && before.displayName === displayName) return;
    known.set(id, { id, username, displayName });
    for (const watcher of watchers) watcher(id);
  }
  /** For `live.ts`: those who are known of these. */
  function profiles(userIds: Iterable<string>): Profile[] {
    return [...userIds].flatMap((userId) => known.get(userId) ?? []);
  }
  /** For `live.ts`: hears of everybody who is called otherwise than before. */
  function watch(watcher: (userId: string) => void): () => void {
    watchers.push(watcher);
    return () => {
      watchers = watchers.filter((one) => one !== watcher);
    };
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
    online.clear();
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
    remember,
    profiles,
    watch,
    setTyping,
    refresh,
    reset,
  };
});
