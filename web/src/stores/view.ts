import type { Failure } from '../net/outcome';
import type { Row } from '../timeline/row';
import { rowsOf } from '../timeline/shown';
import type { Timeline } from '../timeline/timeline';

/** What a timeline shows. A new object whenever something changed; rows that did not change stay the same objects. */
export interface TimelineView {
  /** At most 300 stored rows in order of `seq`, then (at the end only) what is on its way or was refused. */
  rows: readonly Row[];
  /** False until something can be shown: draw skeletons after 150 ms. */
  ready: boolean;
  loadingOlder: boolean;
  loadingNewer: boolean;
  hasOlder: boolean;
  /** The rows end before the newest message (scrolled far up, or opened at a far divider). */
  hasNewer: boolean;
  /** The first row is the first message of the channel (or there is none): "This is the start of #x". */
  atStart: boolean;
  /** The divider "New" stands before the first row with a greater `seq` that is not one's own; null: none. */
  dividerAfter: number | null;
  /** The highest `seq` in the channel, loaded or not. */
  headSeq: number;
  /** Read up to here, by oneself. */
  readUpTo: number;
  /** Why loading did not work; it is tried again on the next connect or call. */
  failure: Failure | null;
}

/** What the view knows beside the timeline. */
export interface Looks {
  loadingOlder: boolean;
  loadingNewer: boolean;
  opening: boolean;
  dividerAfter: number | null;
  /** What is unread begins before what is loaded, and could not be gone to yet: its end does not count as read. */
  sought: boolean;
  failure: Failure | null;
}

/** Nothing is on its way, and nothing is new. */
export const PLAIN: Looks = {
  loadingOlder: false,
  loadingNewer: false,
  opening: false,
  dividerAfter: null,
  sought: false,
  failure: null,
};
/** Of a channel that is not known (yet). */
const NOTHING: TimelineView = {
  rows: [],
  ready: false,
  loadingOlder: false,
  loadingNewer: false,
  hasOlder: false,
  hasNewer: false,
  atStart: false,
  dividerAfter: null,
  headSeq: 0,
  readUpTo: 0,
  failure: null,
};

/** What is shown of a timeline. */
export function viewOf(timeline: Timeline | undefined, looks: Looks): TimelineView {
  if (timeline === undefined) return NOTHING;
  const { loadingOlder, loadingNewer, opening, dividerAfter, failure } = looks;
  const rows = rowsOf(timeline);
  const hasOlder = timeline.floor > 1;
  const hasNewer = timeline.ceiling !== null;
  return {
    rows,
    ready: !opening && (timeline.rows.length > 0 || (!hasOlder && !hasNewer)),
    loadingOlder,
    loadingNewer,
    hasOlder,
    hasNewer,
    atStart: !hasOlder,
    dividerAfter,
    headSeq: timeline.head.seq,
    readUpTo: timeline.readUpTo,
    failure,
  };
}
