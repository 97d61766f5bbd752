import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';

import type { OutboxRow } from '../outbox/row';
import { useChannelsStore } from './channels';
import { useDraftsStore } from './drafts';
import { services } from './services';

/** A text for a channel that one is not in (any more): no timeline and no composer shows it, and it must not be lost. */
export interface Stranded {
  /** Tells them apart. */
  key: string;
  /** What the channel was called; empty if that is not known. */
  place: string;
  text: string;
  /** When it was sent, in milliseconds since the epoch; null for what was only begun. */
  sentAt: number | null;
  discard(): Promise<void>;
}

/** What was refused, or only begun, in channels that one is not in (any more). */
export const useStrandedStore = defineStore('stranded', () => {
  const channels = useChannelsStore();
  const drafts = useDraftsStore();
  const unsent = shallowRef<readonly OutboxRow[]>([]);

  /** In the order of writing, drafts last. Empty until it is known which channels one is in. */
  const messages = computed<Stranded[]>(() => {
    if (!channels.loaded) return [];
    const isLeft = (channelId: string): boolean => channels.raw(channelId) === undefined;
    const refused = unsent.value.filter((row) => row.state === 'failed' && isLeft(row.channelId));
    const begun = [...drafts.all()].filter(([channelId]) => isLeft(channelId));
    return [
      ...refused.map(({ clientId, place, content, createdAt }) => ({
        key: clientId,
        place: place ?? '',
        text: content,
        sentAt: createdAt,
        discard: async () => services()?.outbox.discard(clientId),
      })),
      ...begun.map(([channelId, text]) => ({
        key: channelId,
        place: drafts.place(channelId),
        text,
        sentAt: null,
        discard: async () => drafts.set(channelId, ''),
      })),
    ];
  });

  /** For `live.ts`: all that is unsent, of all channels. */
  function setUnsent(rows: readonly OutboxRow[]): void {
    unsent.value = rows;
  }
  /** For `live.ts`: somebody else may sign in next. */
  function reset(): void {
    unsent.value = [];
  }

  return { messages, setUnsent, reset };
});
