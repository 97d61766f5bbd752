import type { Failure, Outcome } from '../net/outcome';
import { LIMITS, type Commands } from '../protocol';
import { fromWire } from '../timeline/stored';
import type { Action, Timeline } from '../timeline/timeline';

const PAGE = 50;
const WINDOW = 300;
/** That far behind, the divider is gone to instead of loading everything between. */
const FAR = 200;
/** Rows shown above the divider. */
const CONTEXT = 10;

interface Looks {
  loadingOlder: boolean;
  loadingNewer: boolean;
  opening: boolean;
  failure: Failure | null;
}

/** What loading pages needs of the timelines. */
export interface Pages {
  timeline(channelId: string): Timeline | undefined;
  apply(channelId: string, action: Action): void;
  looks(channelId: string): Looks;
  look(channelId: string, change: Partial<Looks>): void;
  online(): boolean;
  list(payload: Commands['message:list']['payload']): Promise<Outcome<Commands['message:list']['reply']> | undefined>;
}

/** Loads what comes before the window, and gives up as much at its other end. */
export async function loadOlderPage(pages: Pages, channelId: string, size = PAGE, keep = WINDOW): Promise<void> {
  const timeline = pages.timeline(channelId);
  if (timeline === undefined || timeline.floor <= 1 || pages.looks(channelId).loadingOlder || !pages.online()) return;
  const before = timeline.floor;
  pages.look(channelId, { loadingOlder: true, failure: null });
  const outcome = await pages.list({ channelId, after: String(before), size, orderBy: 'id:desc' });
  pages.look(channelId, { loadingOlder: false, failure: failureOf(outcome) });
  if (outcome?.ok !== true) return;
  const { data, hasMore, rev } = outcome.data;
  pages.apply(channelId, { type: 'older', before, messages: data.map(fromWire), more: hasMore, rev });
  pages.apply(channelId, { type: 'trim', side: 'newest', keep });
}

/** Loads what comes after the window, and gives up as much at its other end. */
export async function loadNewerPage(pages: Pages, channelId: string): Promise<void> {
  const after = pages.timeline(channelId)?.ceiling ?? null;
  if (after === null || pages.looks(channelId).loadingNewer || !pages.online()) return;
  pages.look(channelId, { loadingNewer: true, failure: null });
  const from = after === 0 ? {} : { after: String(after) };
  const outcome = await pages.list({ channelId, ...from, size: PAGE, orderBy: 'id:asc' });
  pages.look(channelId, { loadingNewer: false, failure: failureOf(outcome) });
  if (outcome?.ok !== true) return;
  const { data, hasMore, rev } = outcome.data;
  pages.apply(channelId, { type: 'newer', after, messages: data.map(fromWire), more: hasMore, rev });
  pages.apply(channelId, { type: 'trim', side: 'oldest', keep: WINDOW });
}

/** Makes the window reach the end of the channel, with at least a page of it. */
export async function loadEnd(pages: Pages, channelId: string): Promise<void> {
  pages.apply(channelId, { type: 'to-end' });
  const timeline = pages.timeline(channelId);
  if (timeline !== undefined && timeline.rows.length < PAGE) await loadOlderPage(pages, channelId);
}

/** Loads what a visit begins with: the divider and a little above it, or else the end. */
export async function openAt(pages: Pages, channelId: string, divider: number | null): Promise<void> {
  if (divider === null) return loadEnd(pages, channelId);
  pages.look(channelId, { opening: true });
  await loadAround(pages, channelId, divider);
  pages.look(channelId, { opening: false });
}

async function loadAround(pages: Pages, channelId: string, divider: number): Promise<void> {
  const timeline = pages.timeline(channelId);
  if (timeline === undefined) return;
  if (timeline.head.seq - divider > FAR && divider < timeline.floor - 1) {
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
    // No further: offline, refused, or somebody else is loading.
    if (floor() >= before) return;
  }
}

function failureOf(outcome: Outcome<unknown> | undefined): Failure | null {
  return outcome === undefined || outcome.ok ? null : outcome.failure;
}
