import { defineStore } from 'pinia';

import type { Failure } from '../net/outcome';
import type { Row } from '../timeline/row';

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

/** The messages of each channel, and what becomes of those one sends. */
export const useTimelinesStore = defineStore('timelines', () => {
  /** Reactive. */
  function view(_channelId: string): TimelineView {
    return NOTHING;
  }
  async function loadOlder(_channelId: string): Promise<void> {}
  async function loadNewer(_channelId: string): Promise<void> {}
  /** Makes the rows end at the newest message; resolves when they do. */
  async function jumpToEnd(_channelId: string): Promise<void> {}
  /** Puts a message into the outbox and shows it as pending; resolves with its clientId once it is written down. */
  async function send(_channelId: string, _content: string): Promise<string> {
    return '';
  }
  /** Sends a refused message again. */
  async function retry(_clientId: string): Promise<void> {}
  /** Throws a message away that was not sent. */
  async function discard(_clientId: string): Promise<void> {}
  /** Says that the person has (or no longer has) the end of the channel in view: call with true when it comes within
   * 60 px of the end and on each change of it, with false otherwise and on leaving. Visibility and focus are watched here. */
  function reading(_channelId: string, _atEnd: boolean): void {}
  /** Marks everything read at once (Esc). */
  function markRead(_channelId: string): void {}

  return { view, loadOlder, loadNewer, jumpToEnd, send, retry, discard, reading, markRead };
});
