import type { Failure, Outcome } from '../net/outcome';
import { LIMITS, type Commands } from '../protocol';
import { fromWire } from '../timeline/stored';
import type { Action, Timeline } from '../timeline/timeline';
import type { Looks } from './view';

/** Messages that are asked for at once: a screen and a half of them. */
const PAGE = 50;
/** Stored messages that a timeline holds at once, so that neither memory nor the page grows with what was read. */
export const WINDOW = 300;
/** That far behind, the divider is gone to instead of loading everything between. */
const FAR = 200;
/** Rows shown above the divider. */
const CONTEXT = 10;

/** A page that is on its way. */
interface Flight {
  /** The edge of the window that it begins at. */
  from: number;
  done: Promise<void>;
}

/** What loading pages needs of the timelines. */
export interface Pages {
  timeline(channelId: string): Timeline | undefined;
  apply(channelId: string, action: Action): void;
  look(channelId: string, change: Partial<Looks>): void;
  online(): boolean;
  list(payload: Commands['message:list']['payload']): Promise<Outcome<Commands['message:list']['reply']> | undefined>;
  /** By channel and direction. */
  flights: Map<string, Flight>;
}

/** Loads what comes before the window, and gives up as much at its other end. */
export function loadOlderPage(pages: Pages, channelId: string, size = PAGE): Promise<void> {
  const before = pages.timeline(channelId)?.floor ?? 1;
  if (before <= 1 || !pages.online()) return Promise.resolve();
  return fly(pages, channelId, 'loadingOlder', before, async () => {
    const outcome = await pages.list({ channelId, after: String(before), size, orderBy: 'id:desc' });
    if (outcome?.ok !== true) return outcome?.failure ?? null;
    const { data, hasMore, rev } = outcome.data;
    pages.apply(channelId, { type: 'older', before, messages: data.map(fromWire), more: hasMore, rev });
    pages.apply(channelId, { type: 'trim', side: 'newest', keep: WINDOW });
    return null;
  });
}

/** Loads what comes after the window, and gives up as much at its other end. */
export function loadNewerPage(pages: Pages, channelId: string): Promise<void> {
  const after = pages.timeline(channelId)?.ceiling ?? null;
  if (after === null || !pages.online()) return Promise.resolve();
  return fly(pages, channelId, 'loadingNewer', after, async () => {
    const from = after === 0 ? {} : { after: String(after) };
    const outcome = await pages.list({ channelId, ...from, size: PAGE, orderBy: 'id:asc' });
    if (outcome?.ok !== true) return outcome?.failure ?? null;
    const { data, hasMore, rev } = outcome.data;
    pages.apply(channelId, { type: 'newer', after, messages: data.map(fromWire), more: hasMore, rev });
    pages.apply(channelId, { type: 'trim', side: 'oldest', keep: WINDOW });
    return null;
  });
}

/** One page at a time from the same edge; of a window that moved meanwhile, the new edge does not wait for the old. */
function fly(
  pages: Pages,
  channelId: string,
  flag: 'loadingOlder' | 'loadingNewer',
  from: number,
  load: () => Promise<Failure | null>,
): Promise<void> {
  const key = `${flag} ${channelId}`;
  const known = pages.flights.get(key);
  if (known?.from === from) return known.done;

  pages.look(channelId, { [flag]: true, failure: null });
  const flight: Flight = { from, done: Promise.resolve() };
  pages.flights.set(key, flight);
  const land = async (): Promise<void> => {
    const failure = await load();
    if (pages.flights.get(key) !== flight) return;
    pages.flights.delete(key);
    pages.look(channelId, { [flag]: false, failure });
  };
  flight.done = land();
  return flight.done;
}

/** Makes the window reach the end of the channel, with at least a page of it. */
export async function loadEnd(pages: Pages, channelId: string): Promise<void> {
  pages.apply(channelId, { type: 'to-end' });
  const timeline = pages.timeline(channelId);
  if (timeline !== undefined && timeline.rows.length < PAGE) await loadOlderPage(pages, channelId);
}

/**
 * Loads what a visit begins with: the divider and a little above it, or else the end.
 * @param stands whether what is there is shown meanwhile
 * @param current whether nothing else was opened since
 */
export async function openAt(
  pages: Pages,
  channelId: string,
  divider: number | null,
  stands: boolean,
  current: () => boolean,
): Promise<void> {
  if (divider === null) return loadEnd(pages, channelId);
  if (!stands) pages.look(channelId, { opening: true });
  await loadAround(pages, channelId, divider, current);
  if (current()) pages.look(channelId, { opening: false });
}

/** Whether that message is in the window. */
export function holdsMessage(timeline: Timeline, seq: number): boolean {
  return timeline.rows.some((row) => row.seq === seq);
}

/**
 * Makes the window hold that message and what stands around it, wherever in the channel it is. False: there is no such
 * message, and the window is at the end; null: nobody could tell.
 */
export async function loadMessage(pages: Pages, channelId: string, seq: number): Promise<boolean | null> {
  const held = (): boolean => {
    const timeline = pages.timeline(channelId);
    return timeline !== undefined && holdsMessage(timeline, seq);
  };
  if (held()) return true;
  if (!pages.online()) return null;
  if (seq > 0) {
    pages.apply(channelId, { type: 'to', seq });
    await Promise.all([loadOlderPage(pages, channelId), loadNewerPage(pages, channelId)]);
    if (held()) return true;
    const timeline = pages.timeline(channelId);
    // No page came; or it is known to be there, and a sync is to bring it.
    if (timeline === undefined || timeline.floor > seq || timeline.head.seq >= seq) return null;
  }
  await loadEnd(pages, channelId);
  return false;
}

async function loadAround(pages: Pages, channelId: string, divider: number, current: () => boolean): Promise<void> {
  const timeline = pages.timeline(channelId);
  if (timeline === undefined) return;
  const isThere = timeline.ceiling !== null && divider >= timeline.floor - 1 && divider <= timeline.ceiling;
  // Without a connection what is here is shown: nothing else can be.
  const isFar = timeline.head.seq - divider > FAR && divider < timeline.floor - 1 && pages.online();
  if (isThere || isFar) {
    pages.apply(channelId, { type: 'to', seq: divider });
    await Promise.all([loadOlderPage(pages, channelId), loadNewerPage(pages, channelId)]);
    return;
  }
  pages.apply(channelId, { type: 'to-end' });
  const goal = Math.max(1, divider - CONTEXT);
  const floor = (): number => pages.timeline(channelId)?.floor ?? 1;
  while (floor() > goal) {
    const before = floor();
    await loadOlderPage(pages, channelId, LIMITS.page.max);
    // No further: offline, refused, or somebody else is loading; or one is elsewhere by now.
    if (floor() >= before || !current()) return;
  }
}
