import { merge } from './merge';
import type { Stored, Unsent } from './stored';

/** The end of a channel: the place of its newest message, and the number of its newest change. */
export interface Head {
  readonly seq: number;
  readonly rev: number;
}

/**
 * One channel as this client holds it. A value: `reduce` makes the next one.
 *
 * It holds a window of the channel, every message with `floor ≤ seq ≤ ceiling` (no ceiling: to the end, live), and a
 * cursor, the promise that every change up to that `rev` is in the window. What lies outside of the window is not held
 * and not missed: whoever widens it fetches a page, which tells the `rev` that it was read at.
 */
export interface Timeline {
  readonly channelId: string;
  /** Whose client this is: an own message takes the place of the pending one with its `clientId`. */
  readonly self: string;
  /** In order of `seq`. Without gaps up to the cursor; what came too early may stand beyond one. */
  readonly rows: readonly Stored[];
  readonly floor: number;
  readonly ceiling: number | null;
  readonly cursor: number;
  /** Changes that came too early: each greater than cursor + 1, sorted, and its row is in the window. */
  readonly ahead: readonly number[];
  /** A page was read at `from`, before the cursor: what changed up to `until` may be missing in it. */
  readonly stale: { readonly from: number; readonly until: number } | null;
  /** The newest that anybody told of; beyond the cursor means that something is missing. */
  readonly head: Head;
  /** The own read mark. */
  readonly readUpTo: number;
  /** What one wrote and is not stored, in the order of writing. */
  readonly unsent: readonly Unsent[];
}

export type Action =
  /** A live event, or the first answer to an own send. */
  | { type: 'message'; message: Stored }
  /** An answer to a sync from `from`; `partial`: it ends with the last message given, not at the head. */
  | { type: 'synced'; from: number; messages: readonly Stored[]; head: Head; truncated: boolean; partial: boolean }
  /** A page of messages before `before`, newest first or not; `more`: there are older ones. */
  | { type: 'older'; before: number; messages: readonly Stored[]; more: boolean; rev: number }
  /** A page of messages after `after`; `more`: there are newer ones. */
  | { type: 'newer'; after: number; messages: readonly Stored[]; more: boolean; rev: number }
  /** Somebody told how far the channel is. */
  | { type: 'head'; head: Head }
  /** The own read mark, as set here or told by the server. */
  | { type: 'read'; upTo: number }
  /** Moves the window to its end, empty, if it does not reach it. */
  | { type: 'to-end' }
  /** Moves the window behind that message, empty, if it lies elsewhere. */
  | { type: 'to'; seq: number }
  /** Gives up the oldest or newest rows beyond `keep`. */
  | { type: 'trim'; side: 'oldest' | 'newest'; keep: number }
  /** All that is unsent here, as the outbox has it. */
  | { type: 'unsent'; unsent: readonly Unsent[] };

/** A channel as the server describes it, nothing of it loaded. */
export function emptyTimeline(channelId: string, self: string, head: Head, readUpTo: number): Timeline {
  return {
    channelId,
    self,
    rows: [],
    floor: head.seq + 1,
    ceiling: null,
    cursor: head.rev,
    ahead: [],
    stale: null,
    head,
    readUpTo: Math.min(readUpTo, head.seq),
    unsent: [],
  };
}

/** From where a sync has to begin so that nothing is missing after it. */
export function syncFrom(timeline: Timeline): number {
  return timeline.stale === null ? timeline.cursor : Math.min(timeline.cursor, timeline.stale.from);
}

/** True if something is known to be missing. */
export function needsSync(timeline: Timeline): boolean {
  return timeline.stale !== null || timeline.head.rev > timeline.cursor;
}

/** The next state. Whatever the order, loss and repetition of actions, a sync makes it right. */
export function reduce(timeline: Timeline, action: Action): Timeline {
  switch (action.type) {
    case 'message':
      return live(timeline, action.message);
    case 'synced':
      return action.truncated ? truncated(timeline, action.from, action.head) : synced(timeline, action);
    case 'older':
      return older(timeline, action);
    case 'newer':
      return newer(timeline, action);
    case 'head':
      return withHead(timeline, action.head);
    case 'read':
      return read(timeline, action.upTo);
    case 'to-end':
      return timeline.ceiling === null
        ? timeline
        : { ...timeline, rows: [], floor: timeline.head.seq + 1, ceiling: null, ahead: [] };
    case 'to': {
      const inside = action.seq >= timeline.floor - 1 && action.seq <= (timeline.ceiling ?? timeline.head.seq);
      return inside ? timeline : { ...timeline, rows: [], floor: action.seq + 1, ceiling: action.seq, ahead: [] };
    }
    case 'trim':
      return trim(timeline, action.side, action.keep);
    case 'unsent':
      return settle({ ...timeline, unsent: action.unsent }, timeline.rows);
  }
}

function live(timeline: Timeline, message: Stored): Timeline {
  const known = withHead(settle(timeline, [message]), message);
  // Whoever writes has read what stands above.
  const told = message.from === timeline.self ? read(known, message.seq) : known;
  if (message.rev <= timeline.cursor) return told;

  const held = holds(told, message.seq);
  const merged = held ? { ...told, rows: merge(told.rows, [message]) } : told;
  if (message.rev === timeline.cursor + 1) return advance(merged, message.rev);
  // A row that is not held is not remembered either: were the window widened over it, it would be missing.
  return held && !merged.ahead.includes(message.rev)
    ? { ...merged, ahead: [...merged.ahead, message.rev].toSorted((a, b) => a - b) }
    : merged;
}

function synced(timeline: Timeline, answer: Extract<Action, { type: 'synced' }>): Timeline {
  const told = withHead(settle(timeline, answer.messages), answer.head);
  const merged = withRows(told, answer.messages);
  const reached = answer.partial ? (answer.messages.at(-1)?.rev ?? answer.from) : answer.head.rev;

  const stale = freshened(merged.stale, answer.from, reached);
  // An answer from beyond the cursor proves nothing about what lies between.
  return answer.from <= merged.cursor ? advance({ ...merged, stale }, reached) : { ...merged, stale };
}

/** What is left to be read again after everything between `from` and `reached` was. */
function freshened(stale: Timeline['stale'], from: number, reached: number): Timeline['stale'] {
  if (stale === null || from > stale.from) return stale;
  return reached >= stale.until ? null : { from: Math.max(stale.from, reached), until: stale.until };
}

/** Too much was missed, or the server went back to a backup: what is held counts for nothing. */
function truncated(timeline: Timeline, from: number, told: Head): Timeline {
  // What is missing now is less than what was asked for then: ask again.
  if (from < syncFrom(timeline)) return withHead(timeline, told);
  const wentBack = from > told.rev;
  const head = wentBack ? told : furthest(timeline.head, told);
  const later = wentBack || timeline.ceiling !== null ? [] : timeline.rows.filter((row) => row.seq > told.seq);
  return {
    ...timeline,
    rows: later,
    floor: told.seq + 1,
    ceiling: null,
    cursor: told.rev,
    ahead: [],
    stale: null,
    head,
    readUpTo: Math.min(timeline.readUpTo, head.seq),
  };
}

function older(timeline: Timeline, page: Extract<Action, { type: 'older' }>): Timeline {
  const first = page.more ? lowest(page.messages) : 1;
  const known = settle(timeline, page.messages);
  const touches = first !== null && page.before >= known.floor && first <= (known.ceiling ?? Infinity) + 1;
  if (!touches) return known;
  return first < known.floor ? widened({ ...known, floor: first }, page) : withRows(known, page.messages);
}

function newer(timeline: Timeline, page: Extract<Action, { type: 'newer' }>): Timeline {
  const known = settle(timeline, page.messages);
  const last = page.more ? highest(page.messages) : Infinity;
  const touches = known.ceiling !== null && last !== null && page.after <= known.ceiling && last > known.ceiling;
  return touches ? widened({ ...known, ceiling: page.more ? last : null }, page) : known;
}

/** Takes a page into a window that was just widened for it; one that was read before the cursor is to be read again. */
function widened(timeline: Timeline, page: { messages: readonly Stored[]; rev: number }): Timeline {
  const next = withHead(withRows(timeline, page.messages), { seq: highest(page.messages) ?? 0, rev: page.rev });
  if (page.rev >= next.cursor) return next;
  return { ...next, stale: { from: Math.min(page.rev, next.stale?.from ?? page.rev), until: next.cursor } };
}

function withRows(timeline: Timeline, messages: readonly Stored[]): Timeline {
  const inside = messages.filter((message) => holds(timeline, message.seq));
  return { ...timeline, rows: merge(timeline.rows, inside) };
}

function trim(timeline: Timeline, side: 'oldest' | 'newest', keep: number): Timeline {
  if (timeline.rows.length <= keep) return timeline;
  // What was remembered may stand in a row that goes: forget it, the head still tells that something is missing.
  if (side === 'oldest') {
    const rows = timeline.rows.slice(-keep);
    return { ...timeline, rows, floor: rows[0]?.seq ?? timeline.floor, ahead: [] };
  }
  const rows = timeline.rows.slice(0, keep);
  return { ...timeline, rows, ceiling: rows.at(-1)?.seq ?? timeline.ceiling, ahead: [] };
}

function read(timeline: Timeline, mark: number): Timeline {
  const readUpTo = Math.min(mark, timeline.head.seq);
  return readUpTo > timeline.readUpTo ? { ...timeline, readUpTo } : timeline;
}

/** Moves the cursor, and over everything that came too early and now follows. */
function advance(timeline: Timeline, rev: number): Timeline {
  let cursor = Math.max(timeline.cursor, rev);
  const ahead: number[] = [];
  for (const early of timeline.ahead) {
    if (early === cursor + 1) cursor = early;
    else if (early > cursor) ahead.push(early);
  }
  return { ...timeline, cursor, ahead };
}

/** Takes what is stored off the list of what is not. */
function settle(timeline: Timeline, messages: readonly Stored[]): Timeline {
  if (timeline.unsent.length === 0) return timeline;
  const stored = new Set(messages.filter((one) => one.from === timeline.self).map((one) => one.clientId));
  const unsent = timeline.unsent.filter((one) => !stored.has(one.clientId));
  return unsent.length === timeline.unsent.length ? timeline : { ...timeline, unsent };
}

function holds(timeline: Timeline, seq: number): boolean {
  return seq >= timeline.floor && seq <= (timeline.ceiling ?? Infinity);
}

function withHead(timeline: Timeline, told: Head): Timeline {
  const head = furthest(timeline.head, told);
  return head === timeline.head ? timeline : { ...timeline, head };
}

function furthest(head: Head, told: Head): Head {
  if (told.seq <= head.seq && told.rev <= head.rev) return head;
  return { seq: Math.max(head.seq, told.seq), rev: Math.max(head.rev, told.rev) };
}

function lowest(messages: readonly Stored[]): number | null {
  return messages.length === 0 ? null : Math.min(...messages.map((message) => message.seq));
}

function highest(messages: readonly Stored[]): number | null {
  return messages.length === 0 ? null : Math.max(...messages.map((message) => message.seq));
}
