import { nextTick, onBeforeUnmount } from 'vue';
import { useRouter } from 'vue-router';

import { ROUTE } from './routes';

/**
 * Closes what lies over the page when another page is gone to, by the browser's Back for one. It is gone before that page
 * is there, which may then take the focus.
 */
export function useLeaving(isOpen: () => boolean, close: () => void): void {
  const leave = useRouter().beforeResolve(async (to, from) => {
    // Passed through by itself: nobody went anywhere.
    if (!isOpen() || to.name === ROUTE.home || from.name === ROUTE.home) return;
    close();
    await nextTick();
  });
  onBeforeUnmount(leave);
}
