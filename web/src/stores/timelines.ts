import { defineStore } from 'pinia';
import { computed, shallowReactive, shallowRef, type ComputedRef } from 'vue';

import type { Channel } from '../protocol';
import type { OutboxRow } from '../outbox/row';
import type { Stored, Unsent } from '../timeline/stored';
import { emptyTimeline, needsSync, reduce, type Action, type Timeline } from '../timeline/timeline';
import { useDraftsStore } from './drafts';
import { holdsMessage, loadEnd, loadMessage, loadNewerPage, loadOlderPage, openAt, WINDOW, type Pages } from './paging';
import { services } from './services';
import { PLAIN, viewOf, type Looks, type TimelineView } from './view';

/** More rows than a window holds are cut in steps, so that not every new message cuts. */
const STEP = 50;

/** The messages of each channel, and what becomes of those one sends. */
export const useTimelinesStore = defineStore('timelines', () => {
  const timelines = shallowReactive(new Map<string, Timeline>());
  const looks = shallowReactive(new Map<string, Looks>());
  const views = new Map<string, ComputedRef<TimelineView>>();
  const shownId = shallowRef<string | null>(null);
  /** The message that the shown channel was opened for, until it is found or known not to exist. */
  let wanted: number | null = null;
  /** Counts what was opened: an opening that was overtaken decides nothing any more. */
  let turn = 0;
  let unsent = new Map<string, readonly Unsent[]>();
  let watchers: ((channelId: string) => void)[] = [];

  const pages: Pages = {
    timeline: (channelId) => timelines.get(channelId),
    apply,
    look,
    flights: new Map(),
    online: () => services()?.link.online === true,
    list: async (payload) => services()?.link.command('message:list', payload),
  };

  /** Reactive. */
  function view(channelId: string): TimelineView {
    let known = views.get(channelId);
    if (known === undefined) {
      known = computed(() => viewOf(timelines.get(channelId), looks.get(channelId) ?? PLAIN));
      views.set(channelId, known);
    }
    return known.value;
  }

  function loadOlder(channelId: string): Promise<void> {
    return loadOlderPage(pages, channelId);
  }
  function loadNewer(channelId: string): Promise<void> {
    return loadNewerPage(pages, channelId);
  }
  /** Makes the rows end at the newest message; resolves when they do. */
  function jumpToEnd(channelId: string): Promise<void> {
    stopSeeking(channelId);
    return loadEnd(pages, channelId);
  }

  /** Sends what is the draft of a channel: puts it into the outbox and shows it as pending. Resolves when it is safe. */
  async function send(channelId: string, content: string, place = ''): Promise<string> {
    const running = services();
    if (running === null) throw new Error('nobody is signed in');
    running.typing.stop(channelId);
    void jumpToEnd(channelId);
    const written = running.outbox.add(channelId, content, place);
    void useDraftsStore().handOver(channelId, content, written);
    return written;
  }
  /** Sends a refused message again. */
  async function retry(clientId: string): Promise<void> {
    await services()?.outbox.retry(clientId);
  }
  /** Throws a message away that was not sent. */
  async function discard(clientId: string): Promise<void> {
    await services()?.outbox.discard(clientId);
  }

  /** Says that the person has (or no longer has) the end of the channel in view: call with true when it comes within
   * 60 px of the end and on each change of it, with false otherwise and on leaving. Visibility and focus are watched here. */
  function reading(channelId: string, atEnd: boolean): void {
    services()?.reading.inView(channelId, atEnd);
  }
  /** Marks everything read at once (Esc). */
  function markRead(channelId: string): void {
    const timeline = timelines.get(channelId);
    if (timeline === undefined) return;
    look(channelId, { dividerAfter: null, visit: null, sought: false });
    raise(channelId, timeline.head.seq);
  }
  /** The same for every channel (Shift+Esc). */
  function markAllRead(): void {
    for (const channelId of timelines.keys()) markRead(channelId);
  }
  /** For `live.ts`: read up to there. */
  function raise(channelId: string, seq: number): void {
    if (unread(channelId) === 0) return;
    apply(channelId, { type: 'read', upTo: seq });
    services()?.marks.raise(channelId, timelines.get(channelId)?.readUpTo ?? 0);
  }

  /** Reactive: how many messages of a channel were not read. */
  function unread(channelId: string): number {
    const timeline = timelines.get(channelId);
    return timeline === undefined ? 0 : Math.max(0, timeline.head.seq - timeline.readUpTo);
  }
  /** Whether something is known to be missing in a channel. */
  function isBehind(channelId: string): boolean {
    const timeline = timelines.get(channelId);
    return timeline !== undefined && needsSync(timeline);
  }
  /** For `live.ts`: the newest message that is shown, if something is unread. */
  function unreadEnd(channelId: string): number | null {
    const timeline = timelines.get(channelId);
    if (timeline === undefined || timeline.ceiling !== null || looks.get(channelId)?.sought === true) return null;
    const newest = timeline.rows.at(-1)?.seq ?? 0;
    return newest > timeline.readUpTo ? newest : null;
  }

  /**
   * For `channels.ts`: that channel is looked at now (null: none); opens it at the message `at`, else at what is unread,
   * else at its end.
   */
  function show(channelId: string | null, at: number | null = null): void {
    const before = shownId.value;
    wanted = at;
    if (before === channelId) {
      if (channelId !== null && at === null) look(channelId, { visit: null });
      else if (channelId !== null) void visit(channelId);
      return;
    }
    if (before !== null) {
      services()?.reading.inView(before, false);
      look(before, { dividerAfter: null, opening: false, visit: null, sought: false });
      // What was scrolled to is not what the next visit begins with.
      apply(before, { type: 'to-end' });
      apply(before, { type: 'trim', side: 'oldest', keep: WINDOW / 2 });
    }
    shownId.value = channelId;
    if (channelId !== null) begin(channelId);
  }

  function begin(channelId: string, stands = false): void {
    const timeline = timelines.get(channelId);
    if (timeline === undefined) return;
    const divider = unread(channelId) > 0 ? timeline.readUpTo : null;
    const sought = wanted === null && divider !== null && !reaches(timeline, divider);
    look(channelId, { dividerAfter: divider, opening: false, sought });
    if (wanted !== null) return void visit(channelId);
    const mine = ++turn;
    void openAt(pages, channelId, divider, stands, () => mine === turn);
  }
  /** The divider is there, or one has gone elsewhere: the end counts as read when it is seen. */
  function stopSeeking(channelId: string): void {
    if (looks.get(channelId)?.sought !== true) return;
    look(channelId, { sought: false });
    services()?.reading.look();
  }

  /** Goes to the message that is wanted. Without an answer it stays wanted, until a sync or a connection brings one. */
  async function visit(channelId: string): Promise<void> {
    const seq = wanted;
    const timeline = timelines.get(channelId);
    if (seq === null || timeline === undefined) return;
    const mine = ++turn;
    look(channelId, { sought: false });
    if (!holdsMessage(timeline, seq) && pages.online()) look(channelId, { opening: true, visit: null });
    const found = await loadMessage(pages, channelId, seq);
    if (mine !== turn) return;
    if (found !== null) wanted = null;
    look(channelId, { opening: false, visit: found === null ? null : { seq, found } });
  }

  /** For `live.ts`: the next state of a channel that is known. */
  function apply(channelId: string, action: Action): void {
    const before = timelines.get(channelId);
    if (before === undefined) return;
    const after = reduce(before, action);
    if (after === before) return;
    put(after);
    if (channelId === shownId.value) settleShown(after, action);
    if (action.type === 'message' || action.type === 'synced') cut(channelId);
  }

  /** What is looked at must show something, and tell what is new. */
  function settleShown(after: Timeline, action: Action): void {
    const { channelId } = after;
    const isUnread = (message: Stored): boolean => message.from !== after.self && message.seq > after.readUpTo;
    const unseen =
      action.type === 'synced'
        ? action.messages.some(isUnread)
        : action.type === 'message' && isUnread(action.message) && services()?.reading.isReading(channelId) !== true;
    const { dividerAfter } = looks.get(channelId) ?? PLAIN;
    if (unseen && dividerAfter === null) look(channelId, { dividerAfter: after.readUpTo });
    if (dividerAfter !== null && reaches(after, dividerAfter)) stopSeeking(channelId);
    // A reset by the server left nothing to look at.
    if (action.type === 'synced' && after.rows.length === 0 && after.floor > 1) begin(channelId);
  }

  function cut(channelId: string): void {
    const timeline = timelines.get(channelId);
    if (timeline === undefined || timeline.ceiling !== null || timeline.rows.length <= WINDOW + STEP) return;
    const looked = channelId === shownId.value && services()?.reading.isReading(channelId) !== true;
    // Whoever reads far above keeps what they read: then the newest rows go, and come back on scrolling down.
    if (looked) apply(channelId, { type: 'trim', side: 'newest', keep: WINDOW });
    else apply(channelId, { type: 'trim', side: 'oldest', keep: WINDOW });
  }

  function put(timeline: Timeline): void {
    timelines.set(timeline.channelId, timeline);
    for (const watcher of watchers) watcher(timeline.channelId);
  }

  function look(channelId: string, change: Partial<Looks>): void {
    looks.set(channelId, { ...(looks.get(channelId) ?? PLAIN), ...change });
  }

  /** For `channels.ts`: the server described a channel that one is in. */
  function describe(channel: Channel): void {
    const self = services()?.self;
    if (self === undefined) return;
    const head = { seq: channel.seq, rev: channel.rev };
    if (timelines.has(channel.id)) {
      apply(channel.id, { type: 'head', head });
      apply(channel.id, { type: 'read', upTo: channel.readUpTo });
      const mark = timelines.get(channel.id)?.readUpTo ?? 0;
      // Read here while the server could not be told.
      if (mark > channel.readUpTo) services()?.marks.raise(channel.id, mark);
      return;
    }
    adopt(emptyTimeline(channel.id, self, head, channel.readUpTo));
  }
  /** For `live.ts`: takes a timeline in that is new here. */
  function adopt(timeline: Timeline): void {
    put({ ...timeline, unsent: unsent.get(timeline.channelId) ?? [] });
    if (timeline.channelId === shownId.value) begin(timeline.channelId);
  }

  /** For `live.ts`: all that is unsent, of all channels. */
  function setUnsent(rows: readonly OutboxRow[]): void {
    const next = new Map<string, Unsent[]>();
    for (const row of rows) {
      if (row.withdrawn === true) continue;
      const there = next.get(row.channelId);
      if (there === undefined) next.set(row.channelId, [unsentOf(row)]);
      else there.push(unsentOf(row));
    }
    const touched = new Set([...unsent.keys(), ...next.keys()]);
    unsent = next;
    for (const channelId of touched) apply(channelId, { type: 'unsent', unsent: next.get(channelId) ?? [] });
  }

  /** For `live.ts`: one is not in that channel any more. */
  function drop(channelId: string): void {
    timelines.delete(channelId);
    looks.delete(channelId);
  }
  /** For `live.ts`: the connection is there (again): load what could not be loaded. */
  function resume(): void {
    const channelId = shownId.value;
    if (channelId === null) return;
    const timeline = timelines.get(channelId);
    if (timeline === undefined) return;
    // Also tells whoever shows it that pages can be had again.
    look(channelId, { failure: null });
    const { opening, loadingOlder, loadingNewer, sought } = looks.get(channelId) ?? PLAIN;
    if (opening || loadingOlder || loadingNewer) return;
    if (timeline.rows.length === 0) begin(channelId);
    else if (wanted !== null) void visit(channelId);
    else if (sought) begin(channelId, true);
  }
  /** For `live.ts`: everything that came from the server counts for nothing. */
  function clear(): void {
    timelines.clear();
    looks.clear();
  }
  /** For `live.ts`: somebody else may sign in next. */
  function reset(): void {
    clear();
    unsent = new Map();
    shownId.value = null;
    wanted = null;
  }
  /** For `live.ts`: hears of every timeline that changed. */
  function watch(watcher: (channelId: string) => void): () => void {
    watchers.push(watcher);
    return () => {
      watchers = watchers.filter((one) => one !== watcher);
    };
  }
  /** For `live.ts`. */
  function all(): ReadonlyMap<string, Timeline> {
    return timelines;
  }

  return {
    view,
    loadOlder,
    loadNewer,
    jumpToEnd,
    send,
    retry,
    discard,
    reading,
    markRead,
    markAllRead,
    raise,
    unread,
    isBehind,
    unreadEnd,
    show,
    apply,
    describe,
    adopt,
    setUnsent,
    drop,
    resume,
    clear,
    reset,
    watch,
    all,
  };
});

/** Whether what is loaded begins at the divider or before it. */
function reaches(timeline: Timeline, divider: number): boolean {
  return timeline.floor <= divider + 1;
}

const unsentRows = new WeakMap<OutboxRow, Unsent>();

/** The same object for the same row, so that what is shown of it stays the same too. */
function unsentOf(row: OutboxRow): Unsent {
  const known = unsentRows.get(row);
  if (known !== undefined) return known;
  const { clientId, content, createdAt } = row;
  const made = { clientId, content, createdAt, refusal: row.state === 'failed' ? row.refusal : null };
  unsentRows.set(row, made);
  return made;
}
