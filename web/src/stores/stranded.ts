import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';

import type { OutboxRow } from '../outbox/storage';
import { useChannelsStore } from './channels';

/** What was refused in channels that one is not in (any more): no timeline shows it, and it must not be lost. */
export const useStrandedStore = defineStore('stranded', () => {
  const channels = useChannelsStore();
  const unsent = shallowRef<readonly OutboxRow[]>([]);

  /** In the order of writing. Empty until it is known which channels one is in. */
  const messages = computed(() =>
    channels.loaded
      ? unsent.value.filter((row) => row.state === 'failed' && channels.raw(row.channelId) === undefined)
      : [],
  );

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
