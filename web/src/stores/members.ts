import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';

import { NOBODY, reduceMembers, seenBy, type Members, type MembersAction } from '../members/members';
import { done, failed, unreachable, type Failure, type Outcome } from '../net/outcome';
import { LIMITS } from '../protocol';
import { useChannelsStore } from './channels';
import { usePeopleStore } from './people';
import { services } from './services';

/** As many are loaded without being asked for: enough to tell who of all is here. */
const AT_ONCE = 500;

/** Who is in the channels that were looked at, and how far they have read. */
export const useMembersStore = defineStore('members', () => {
  const channels = useChannelsStore();
  const people = usePeopleStore();
  const lists = shallowReactive(new Map<string, Members>());
  const failures = shallowReactive(new Map<string, Failure>());
  /** Channels whose list is being read; the one that began last counts. */
  const loading = shallowReactive(new Map<string, symbol>());

  /** Reactive; empty until it was loaded. */
  function of(channelId: string): Members {
    return lists.get(channelId) ?? NOBODY;
  }
  /** Reactive: why the list could not be loaded. */
  function failure(channelId: string): Failure | null {
    return failures.get(channelId) ?? null;
  }
  /** Reactive: who of the others has read up to that message. */
  function seen(channelId: string, seq: number): string[] {
    return seenBy(of(channelId), seq, services()?.self ?? '');
  }

  /** Reads the list if nothing of it is known and nobody reads it already. */
  function ensure(channelId: string): void {
    if (of(channelId).byId.size === 0 && !loading.has(channelId)) void load(channelId);
  }

  /** Reads the list anew, as far as it is loaded without being asked for. */
  async function load(channelId: string): Promise<void> {
    const turn = Symbol(channelId);
    loading.set(channelId, turn);
    let more = await page(channelId, turn, null);
    while (more && of(channelId).byId.size < AT_ONCE) more = await page(channelId, turn, of(channelId).last);
    if (loading.get(channelId) === turn) loading.delete(channelId);
  }
  /** Reads the next page of a long list. */
  async function loadMore(channelId: string): Promise<void> {
    const { complete, last } = of(channelId);
    if (complete || loading.has(channelId)) return;
    const turn = Symbol(channelId);
    loading.set(channelId, turn);
    await page(channelId, turn, last);
    if (loading.get(channelId) === turn) loading.delete(channelId);
  }

  /** Reads one page; whether there are more. */
  async function page(channelId: string, turn: symbol, after: string | null): Promise<boolean> {
    const from = after === null ? {} : { after };
    const payload = { channelId, size: LIMITS.page.max, ...from };
    const outcome = await services()?.link.command('channel:members', payload);
    if (outcome === undefined || loading.get(channelId) !== turn) return false;
    if (!outcome.ok) {
      failures.set(channelId, outcome.failure);
      return false;
    }
    failures.delete(channelId);
    const { data, hasMore } = outcome.data;
    // Asking for them was subscribing to their presence as well.
    for (const { id, username, displayName, isOnline } of data) people.put({ id, username, displayName, isOnline });
    apply(channelId, { type: 'page', rows: data, first: after === null, more: hasMore });
    return hasMore && data.length > 0;
  }

  /** Adds people to a private channel. */
  async function add(channelId: string, userIds: string[]): Promise<Outcome> {
    const outcome = await services()?.link.command('channel:add', { channelId, userIds });
    if (outcome === undefined) return failed(unreachable('signed out'));
    if (!outcome.ok) return outcome;
    channels.put(outcome.data.data);
    for (const userId of userIds) came(channelId, userId, true);
    return done(undefined);
  }
  /** Takes somebody out of a private channel. */
  async function remove(channelId: string, userId: string): Promise<Outcome> {
    const outcome = await services()?.link.command('channel:remove', { channelId, userId });
    if (outcome === undefined) return failed(unreachable('signed out'));
    if (!outcome.ok) return outcome;
    channels.put(outcome.data.data);
    came(channelId, userId, false);
    return done(undefined);
  }

  /** For `live.ts`: somebody came or left. */
  function came(channelId: string, userId: string, isIn: boolean): void {
    apply(channelId, { type: isIn ? 'came' : 'left', userId });
  }
  /** For `live.ts`: how far people have read. */
  function read(channelId: string, marks: ReadonlyMap<string, number>): void {
    apply(channelId, { type: 'read', marks });
  }
  /** Lists that nobody looked at are not followed. */
  function apply(channelId: string, action: MembersAction): void {
    const before = lists.get(channelId);
    if (before === undefined && action.type !== 'page') return;
    const after = reduceMembers(before ?? NOBODY, action);
    if (after !== before) lists.set(channelId, after);
  }
  /** For `live.ts`: the connection is new; what came and went meanwhile was not told. */
  function refresh(): void {
    const channelId = channels.currentId;
    for (const one of lists.keys()) if (one !== channelId) forget(one);
    if (channelId !== null && lists.has(channelId)) void load(channelId);
  }
  /** For `live.ts`: one is not in that channel any more. */
  function forget(channelId: string): void {
    lists.delete(channelId);
    failures.delete(channelId);
    loading.delete(channelId);
  }
  /** For `live.ts`: somebody else may sign in next. */
  function reset(): void {
    lists.clear();
    failures.clear();
    loading.clear();
  }

  return { of, failure, seen, ensure, load, loadMore, add, remove, came, read, refresh, forget, reset };
});
