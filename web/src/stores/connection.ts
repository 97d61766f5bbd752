import { defineStore } from 'pinia';
import { ref } from 'vue';

export type ConnectionStatus = 'connecting' | 'online' | 'offline';

/** Whether the server hears us. */
export const useConnectionStore = defineStore('connection', () => {
  const status = ref<ConnectionStatus>('connecting');
  /** When `status` last changed, in milliseconds since the epoch. */
  const since = ref(0);
  /** True after two seconds without a connection, so that a short drop shows nothing. */
  const bannerVisible = ref(false);
  /** When the next attempt is made, in milliseconds since the epoch; null if none is planned. */
  const nextAttemptAt = ref<number | null>(null);
  /** The server runs another build of this page than this tab: offer to reload. */
  const newVersion = ref(false);

  /** Tries at once instead of waiting for the next attempt. */
  function retryNow(): void {}

  return { status, since, bannerVisible, nextAttemptAt, newVersion, retryNow };
});
