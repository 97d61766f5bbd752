import { defineStore } from 'pinia';
import { computed, ref, shallowReactive, type ComputedRef } from 'vue';

import { done, failed, unreachable, type Outcome } from '../net/outcome';
import {
  LIMITS,
  type Channel,
  type ChannelUpdate,
  type CreateChannel,
  type FoundChannels,
  type SearchOrder,
} from '../protocol';
import { sameValues } from '../channel/same';
import { sharedOf } from '../sync/sync';
import { useDraftsStore } from './drafts';
import { usePeopleStore } from './people';
import { collator } from '../i18n/collator';
import { services } from './services';
import { useTimelinesStore } from './timelines';

/** One line of the rail. */
export interface ChannelItem {
  id: string;
  direct: boolean;
  private: boolean;
  /** The name; for a direct conversation the names of the others (`…` for those that are not known yet). */
  title: string;
  topic: string | null;
  /** The others in a direct conversation, else empty. */
  users: string[];
  userCount: number;
  /** Messages that were not read yet: a subtraction of two counters. */
  unread: number;
  /** Something here is alive: unread, and not the channel that is being read. */
  lamp: boolean;
  /** The own role; null if one is not a member. */
  role: string | null;
  lastMessageAt: number | null;
  /** Something is written but not sent. */
  hasDraft: boolean;
}

/** How many search results are shown at once. */
const FOUND_MAX = 50;

/** The channels and direct conversations one is in, what is unread in them, and drafts. */
export const useChannelsStore = defineStore('channels', () => {
  const people = usePeopleStore();
  const timelines = useTimelinesStore();
  const drafts = useDraftsStore();
  const known = shallowReactive(new Map<string, Channel>());
  /** False until the list was read from the cache or from the server. */
  const loaded = ref(false);
  /** The channel that is open; set by `open`, from the route. */
  const currentId = ref<string | null>(null);
  /** The same for those who ask about one channel: whoever asks about another hears of no change. */
  const opened = shallowReactive(new Set<string>());

  /** One each, so that a message in one channel makes no other item anew. */
  const cells = new Map<string, ComputedRef<ChannelItem | null>>();
  const items = computed(() => [...known.keys()].flatMap((channelId) => byId(channelId) ?? []));
  /** Channels by name. */
  const channels = computed(() =>
    items.value
      .filter((item) => !item.direct)
      .toSorted((a, b) => collator.compare(a.title, b.title) || (a.id < b.id ? -1 : 1)),
  );
  /** Direct conversations, the latest first. */
  const directs = computed(() =>
    items.value
      .filter((item) => item.direct)
      .toSorted((a, b) => (b.lastMessageAt ?? 0) - (a.lastMessageAt ?? 0) || (a.id < b.id ? 1 : -1)),
  );
  const current = computed(() => (currentId.value === null ? null : byId(currentId.value)));
  /** Unread in all channels and directs but the one that is being read; for the title and the icon. */
  const totalUnread = computed(() => items.value.reduce((sum, item) => sum + (item.lamp ? item.unread : 0), 0));

  function itemOf(channel: Channel): ChannelItem {
    const unread = timelines.unread(channel.id);
    return {
      id: channel.id,
      direct: channel.direct,
      private: channel.type === 'private',
      title: channel.name ?? channel.users.map((userId) => people.byId(userId)?.displayName ?? '…').join(', '),
      topic: channel.topic,
      users: channel.users,
      userCount: channel.userCount,
      unread,
      lamp: unread > 0 && services()?.reading.isReading(channel.id) !== true,
      role: channel.role,
      lastMessageAt: channel.lastMessageAt,
      hasDraft: drafts.get(channel.id) !== '',
    };
  }

  /** Reactive; null if one is not in it. */
  function byId(channelId: string): ChannelItem | null {
    let cell = cells.get(channelId);
    if (cell === undefined) {
      // The same object while it says the same: the lists are not sorted, and no line drawn, for nothing.
      cell = computed<ChannelItem | null>((before) => {
        const channel = known.get(channelId);
        const now = channel === undefined ? null : itemOf(channel);
        return before && now && sameValues(before, now) ? before : now;
      });
      cells.set(channelId, cell);
    }
    return cell.value;
  }

  /** Says which channel is open (null: none), at which message, and loads what it shows; call when the route changes. */
  function open(channelId: string | null, at: number | null = null): void {
    if (channelId !== currentId.value) services()?.typing.stop();
    // Not cleared: that would tell everybody.
    if (currentId.value !== null) opened.delete(currentId.value);
    currentId.value = channelId;
    if (channelId !== null) opened.add(channelId);
    timelines.show(channelId, at);
  }

  /** Reactive: whether that channel is open. */
  function isCurrent(channelId: string): boolean {
    return opened.has(channelId);
  }

  /** Makes a channel; name errors come in `fields.name`. */
  async function create(form: CreateChannel): Promise<Outcome<ChannelItem>> {
    return entered(await services()?.link.command('channel:create', form));
  }

  /** Joins a public channel; already being in it is a success. */
  async function join(channelId: string): Promise<Outcome<ChannelItem>> {
    const outcome = await services()?.link.command('channel:join', { channelId });
    const mine = byId(channelId);
    if (outcome?.ok === false && outcome.failure.code === 'CONFLICT' && mine !== null) return done(mine);
    return entered(outcome);
  }

  /** Whether a channel that one is not in could be joined; null if nobody could tell. */
  async function isOpen(channelId: string): Promise<boolean | null> {
    const outcome = await services()?.link.command('message:list', { channelId, size: 1 });
    if (outcome === undefined || outcome.ok) return null;
    // What others keep to themselves is answered as if it were not there.
    if (outcome.failure.code === 'FORBIDDEN') return true;
    return outcome.failure.code === 'NOT_FOUND' || outcome.failure.code === 'INVALID' ? false : null;
  }

  /** Changes what a channel is called or for; name errors come in `fields.name`. */
  async function update(channelId: string, changes: { name?: string; topic?: string }): Promise<Outcome<ChannelItem>> {
    return entered(await services()?.link.command('channel:update', { channelId, ...changes }));
  }

  async function leave(channelId: string): Promise<Outcome> {
    const outcome = await services()?.link.command('channel:leave', { channelId });
    if (outcome === undefined) return failed(unreachable('signed out'));
    if (!outcome.ok && outcome.failure.code !== 'NOT_FOUND') return outcome;
    remove(channelId);
    // A sync that is on its way still names it.
    services()?.sync.request();
    return done(undefined);
  }

  /** Public channels that one is not in, by the beginning of their name; the first of them. */
  async function search(query: string, orderBy: SearchOrder): Promise<Outcome<FoundChannels>> {
    const payload = { q: query.trim().slice(0, LIMITS.search.max), size: FOUND_MAX, orderBy };
    return (await services()?.link.command('channel:search', payload)) ?? failed(unreachable('signed out'));
  }

  /** The direct conversation with exactly these people (1–8), made if there is none. */
  async function reach(userIds: string[]): Promise<Outcome<ChannelItem>> {
    people.ensure(userIds);
    return entered(await services()?.link.command('user:reach', { userIds }));
  }

  function entered(outcome: Outcome<{ data: Channel }> | undefined): Outcome<ChannelItem> {
    if (outcome === undefined) return failed(unreachable('signed out'));
    if (!outcome.ok) return outcome;
    put(outcome.data.data);
    services()?.sync.moved();
    return done(itemOf(outcome.data.data));
  }

  /** What is written but not sent; survives a reload. */
  function draft(channelId: string): string {
    return drafts.get(channelId);
  }
  function setDraft(channelId: string, text: string, place: string): void {
    drafts.set(channelId, text, place);
  }

  /** For `live.ts`: a channel that one is in, as the server describes it to oneself. */
  function put(channel: Channel): void {
    const before = known.get(channel.id);
    const lastMessageAt = latest(before?.lastMessageAt ?? null, channel.lastMessageAt);
    known.set(channel.id, { ...channel, lastMessageAt });
    timelines.describe(channel);
    people.ensure(channel.users);
  }
  /** For `live.ts`: what is the same for everybody in it was changed. */
  function patch(channel: ChannelUpdate): void {
    const before = known.get(channel.id);
    if (before === undefined) return;
    known.set(channel.id, { ...before, ...sharedOf(channel), role: channel.role ?? before.role });
  }
  /** For `live.ts`: somebody came or left. */
  function countMember(channelId: string, isIn: boolean): void {
    const before = known.get(channelId);
    if (before !== undefined) known.set(channelId, { ...before, userCount: before.userCount + (isIn ? 1 : -1) });
  }
  /** For `live.ts`: something was said there. */
  function touch(channelId: string, at: number): void {
    const before = known.get(channelId);
    if (before === undefined || (before.lastMessageAt ?? 0) >= at) return;
    known.set(channelId, { ...before, lastMessageAt: at });
  }
  /** For `live.ts`: one is not in it any more. */
  function remove(channelId: string): void {
    known.delete(channelId);
    timelines.drop(channelId);
    services()
      ?.storage.removeChannel(channelId)
      .catch(() => undefined);
  }
  /** For `live.ts`: the channel as it is known here. */
  function raw(channelId: string): Channel | undefined {
    return known.get(channelId);
  }
  /** For `live.ts`. */
  function setLoaded(): void {
    loaded.value = true;
  }
  /** For `live.ts`: everything that came from the server counts for nothing. */
  function clear(): void {
    known.clear();
    loaded.value = false;
  }
  /** For `live.ts`: somebody else may sign in next. */
  function reset(): void {
    clear();
    cells.clear();
    currentId.value = null;
    opened.clear();
  }

  return {
    loaded,
    channels,
    directs,
    currentId,
    current,
    totalUnread,
    byId,
    isCurrent,
    open,
    create,
    join,
    isOpen,
    update,
    leave,
    search,
    reach,
    draft,
    setDraft,
    put,
    patch,
    countMember,
    touch,
    remove,
    raw,
    setLoaded,
    clear,
    reset,
  };
});

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
