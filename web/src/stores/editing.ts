import { defineStore } from 'pinia';
import { ref } from 'vue';

import { done, failed, unreachable, type Failure, type Outcome } from '../net/outcome';
import type { Message } from '../protocol';
import { fromWire } from '../timeline/stored';
import type { Row } from '../timeline/row';
import { services } from './services';
import { useTimelinesStore } from './timelines';

/** A message that is being changed where it stands. */
export interface Editing {
  channelId: string;
  seq: number;
  /** What it shall say. */
  text: string;
  /** Begun from the composer, which gets the focus back. */
  fromComposer: boolean;
  busy: boolean;
  /** Why it could not be changed; the text stays. */
  failure: Failure | null;
}

/** Changing and deleting messages that are stored already. One at a time. */
export const useEditingStore = defineStore('editing', () => {
  const timelines = useTimelinesStore();
  const current = ref<Editing | null>(null);
  /** The message that shall perhaps be deleted; null: nothing is asked. */
  const asked = ref<Row | null>(null);

  function begin(row: Row, options: { fromComposer?: boolean } = {}): void {
    if (row.seq === null) return;
    const { channelId, seq, content } = row;
    const fromComposer = options.fromComposer === true;
    current.value = { channelId, seq, text: content, fromComposer, busy: false, failure: null };
  }

  /** Begins with the newest own message that is loaded; false if there is none. */
  function beginLast(channelId: string, self: string): boolean {
    const own = timelines
      .view(channelId)
      .rows.findLast((row) => row.from === self && row.state === 'sent' && row.deletedAt === null);
    if (own === undefined) return false;
    begin(own, { fromComposer: true });
    return true;
  }

  function cancel(): void {
    current.value = null;
  }

  /** Tells the server; true once it is done. A text that was not changed needs nothing. */
  async function save(before: string): Promise<boolean> {
    const editing = current.value;
    if (editing === null || editing.busy) return false;
    const { channelId, seq } = editing;
    const content = editing.text.trim();
    if (content === before) {
      cancel();
      return true;
    }
    editing.busy = true;
    const outcome = await services()?.link.command('message:edit', { channelId, messageId: String(seq), content });
    editing.busy = false;
    const applied = take(outcome);
    if (!applied.ok) editing.failure = applied.failure;
    else if (current.value === editing) cancel();
    return applied.ok;
  }

  /** Asks whether to delete; `remove` answers. */
  function ask(row: Row): void {
    asked.value = row;
  }
  function keep(): void {
    asked.value = null;
  }
  async function remove(): Promise<Outcome> {
    const row = asked.value;
    keep();
    if (row === null || row.seq === null) return done(undefined);
    if (current.value?.seq === row.seq && current.value.channelId === row.channelId) cancel();
    const payload = { channelId: row.channelId, messageId: String(row.seq) };
    return take(await services()?.link.command('message:delete', payload));
  }

  /** The acting tab gets the message as an answer, not as an event. */
  function take(outcome: Outcome<{ data: Message }> | undefined): Outcome {
    if (outcome === undefined) return failed(unreachable('signed out'));
    if (!outcome.ok) return outcome;
    const message = fromWire(outcome.data.data);
    timelines.apply(message.channelId, { type: 'message', message });
    if (timelines.isBehind(message.channelId)) services()?.sync.request();
    return done(undefined);
  }

  /** For `live.ts`: somebody else may sign in next. */
  function reset(): void {
    cancel();
    keep();
  }

  return { current, asked, begin, beginLast, cancel, save, ask, keep, remove, reset };
});
