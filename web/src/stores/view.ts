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
  /** The message that the channel was opened for, by a link to it; null: none. */
  visit: Visit | null;
  /** The highest `seq` in the channel, loaded or not. */
  headSeq: number;
  /** Read up to here, by oneself. */
  readUpTo: number;
  /** Why loading did not work; it is tried again on the next connect or call. */
  failure: Failure | null;
}

/** A message that somebody followed a link to. */
export interface Visit {
  readonly seq: number;
  /** It is among the rows; false: there is no such message. */
  readonly found: boolean;
}

/** What the view knows beside the timeline. */
export interface Looks {
  loadingOlder: boolean;
  loadingNewer: boolean;
  opening: boolean;
  dividerAfter: number | null;
  visit: Visit | null;
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
  visit: null,
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
  visit: null,
  headSeq: 0,
  readUpTo: 0,
  failure: null,
};

/** What is shown of a timeline. */
export function viewOf(timeline: Timeline | undefined, looks: Looks): TimelineView {
  if (timeline === undefined) return NOTHING;
  const { loadingOlder, loadingNewer, opening, dividerAfter, visit, failure } = looks;
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
    visit,
    headSeq: timeline.head.seq,
    readUpTo: timeline.readUpTo,
    failure,
  };
}
