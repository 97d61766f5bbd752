import type { Coming } from '../members/comings';
import type { Stored } from './stored';
import { emptyTimeline, syncFrom, type Head, type Timeline } from './timeline';

/** How many of the newest messages a snapshot holds. */
const ROWS = 50;

/** The newest part of a timeline, with the cursor that holds for it. */
export interface Snapshot {
  channelId: string;
  cursor: number;
  floor: number;
  rows: readonly Stored[];
  /** Who came and left between these messages, as far as one was there to see it. */
  comings?: readonly Coming[];
}

/** What to keep of a timeline over a reload; null if it does not show the end of its channel. */
export function snapshotOf(timeline: Timeline): Snapshot | null {
  if (timeline.ceiling !== null || timeline.rows.length === 0) return null;
  const rows = timeline.rows.slice(-ROWS);
  const whole = rows.length === timeline.rows.length;
  const floor = whole ? timeline.floor : (rows[0]?.seq ?? timeline.floor);
  return { channelId: timeline.channelId, cursor: syncFrom(timeline), floor, rows };
}

/**
 * A timeline as it was kept. `head` is what the channel was known to be; the snapshot may be older, and is then to be
 * synced from its own cursor.
 */
export function restore(snapshot: Snapshot, self: string, head: Head, readUpTo: number): Timeline {
  const newest = { seq: snapshot.rows.at(-1)?.seq ?? 0, rev: snapshot.cursor };
  const furthest = { seq: Math.max(head.seq, newest.seq), rev: Math.max(head.rev, newest.rev) };
  return {
    ...emptyTimeline(snapshot.channelId, self, furthest, readUpTo),
    rows: snapshot.rows,
    floor: snapshot.floor,
    cursor: snapshot.cursor,
  };
}

/**
 * The head to keep in a channel's own record. Not what was told (its two numbers may be of different times) but what is
 * held: up to the cursor every message is known, so nothing with a smaller `rev` can lie behind that `seq`.
 */
export function keptHead(timeline: Timeline): Head {
  return { seq: timeline.head.seq, rev: syncFrom(timeline) };
}
