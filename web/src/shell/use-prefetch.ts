import { computed, watch } from 'vue';
import { useRoute } from 'vue-router';

import { prefetch } from '../app/lazy';
import { ROUTE } from '../app/routes';
import { useChannelsStore } from '../stores/channels';
import { useConnectionStore } from '../stores/connection';
import { useTimelinesStore } from '../stores/timelines';

/** Fetches parts of the page beforehand, but not before what the page shows: on a slow line that would wait for them. */
export function usePrefetch(...loads: (() => Promise<unknown>)[]): void {
  const connection = useConnectionStore();
  const channels = useChannelsStore();
  const timelines = useTimelinesStore();
  const route = useRoute();
  const isShown = computed(() => {
    const { loaded, current } = channels;
    // Home leads on to a channel.
    if (connection.status !== 'online' || !loaded || route.name === ROUTE.home) return false;
    return current === null || timelines.view(current.id).ready;
  });
  watch(
    isShown,
    // Once more with each connection: what was fetched is there, and what could not be may be had now.
    (now) => now && prefetch(loads),
    { immediate: true },
  );
}
