import { computed, ref } from 'vue';
import { useRoute, useRouter } from 'vue-router';

import { oneColumn, threeColumns } from '../app/breakpoint';
import { ROUTE } from '../app/routes';
import type { ChannelItem } from '../stores/channels';

/** Beside the channel it stays from one channel to the next. */
const beside = ref(false);

/** A conversation between two has nobody to list. */
export function hasPanel(channel: Pick<ChannelItem, 'direct' | 'users'>): boolean {
  return !channel.direct || channel.users.length > 1;
}

/** The panel beside a channel: a column where there is room, over the channel where there is less, a page on a phone. */
export function usePanel() {
  const route = useRoute();
  const router = useRouter();
  const isPage = computed(() => route.name === ROUTE.members);
  const isOpen = computed(() => isPage.value || (beside.value && !oneColumn.value));
  /** It lies over the channel. */
  const covers = computed(() => isOpen.value && !threeColumns.value);

  function open(): void {
    if (oneColumn.value) void router.push({ name: ROUTE.members, params: { channelId: route.params.channelId } });
    else beside.value = true;
  }
  function close(): void {
    beside.value = false;
    if (isPage.value) void router.replace({ name: ROUTE.channel, params: route.params });
  }
  /** Going elsewhere leaves what lies over the channel behind. */
  function uncover(): void {
    if (!threeColumns.value) beside.value = false;
  }

  return { isOpen, isPage, covers, open, close, uncover, toggle: () => (isOpen.value ? close() : open()) };
}
