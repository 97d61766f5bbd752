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
  /** The message as it was when that was begun. It keeps its key when it is stored meanwhile. */
  row: Row;
  /** What it shall say. */
  text: string;
  /** Begun from the composer, which gets the focus back. */
  fromComposer: boolean;
  busy: boolean;
  /** Why it could not be changed; the text stays. */
  failure: Failure | null;
}

/** Changing and deleting messages, those too that wait to be sent. One at a time. */
export const useEditingStore = defineStore('editing', () => {
  const timelines = useTimelinesStore();
  const current = ref<Editing | null>(null);
  /** The message that shall perhaps be deleted; null: nothing is asked. */
  const asked = ref<Row | null>(null);

  function begin(row: Row, options: { fromComposer?: boolean } = {}): void {
    const fromComposer = options.fromComposer === true;
    current.value = { row, text: row.content, fromComposer, busy: false, failure: null };
  }

  /** Begins with the newest own message that is loaded; false if there is none. */
  function beginLast(channelId: string, self: string): boolean {
    const own = timelines
      .view(channelId)
      .rows.findLast((row) => row.from === self && row.state !== 'failed' && row.deletedAt === null);
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
    const content = editing.text.trim();
    if (content === before) {
      cancel();
      return true;
    }
    editing.busy = true;
    const applied = await change(editing.row, content);
    editing.busy = false;
    if (!applied.ok) editing.failure = applied.failure;
    else if (current.value === editing) cancel();
    return applied.ok;
  }

  async function change(row: Row, content: string): Promise<Outcome> {
    // What waits to be sent is changed there, and told from there: the server would be told the older text again.
    if (row.clientId !== null && (await services()?.outbox.change(row.clientId, content)) === true)
      return done(undefined);
    const { channelId, seq } = latest(row);
    if (seq === null) return failed(unreachable('not known to be stored'));
    return take(await services()?.link.command('message:edit', { channelId, messageId: String(seq), content }));
  }

  /** The same message as it is now. */
  function latest(row: Row): Row {
    return timelines.view(row.channelId).rows.find(({ key }) => key === row.key) ?? row;
  }

  /** Asks whether to delete; `remove` answers. */
  function ask(row: Row): void {
    asked.value = row;
  }
  function keep(): void {
    asked.value = null;
  }
  async function remove(): Promise<Outcome> {
    const row = asked.value === null ? null : latest(asked.value);
    keep();
    if (row === null) return done(undefined);
    const { channelId, key, clientId, seq } = row;
    if (current.value?.row.key === key && current.value.row.channelId === channelId) cancel();
    if (seq === null) return withdraw(row);
    // It may wait there all the same, and would be told again.
    if (clientId !== null) await services()?.outbox.discard(clientId);
    return erase(row);
  }

  async function withdraw(row: Row): Promise<Outcome> {
    if (row.clientId !== null && (await services()?.outbox.withdraw(row.clientId)) === true) return done(undefined);
    return erase(latest(row));
  }

  async function erase({ channelId, seq }: Row): Promise<Outcome> {
    if (seq === null) return failed(unreachable('not known to be stored'));
    return take(await services()?.link.command('message:delete', { channelId, messageId: String(seq) }));
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
