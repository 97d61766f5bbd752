import { onBeforeUnmount, onMounted } from 'vue';
import { useRouter } from 'vue-router';

import { toChannel } from '../app/routes';
import { useChannelsStore } from '../stores/channels';
import { useTimelinesStore } from '../stores/timelines';

/** Alt+↑/↓ goes to the channel above or below, with Shift to the next one that is unread; Esc marks the open one read. */
export function useChannelKeys(): void {
  const channels = useChannelsStore();
  const timelines = useTimelinesStore();
  const router = useRouter();

  onMounted(() => addEventListener('keydown', keydown));
  onBeforeUnmount(() => removeEventListener('keydown', keydown));

  function keydown(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey) return;
    // A dialog or menu that is open has the keys.
    if (document.querySelector('[role="dialog"], [role="menu"]')) return;
    if (event.key === 'Escape' && !event.shiftKey && !event.altKey && channels.currentId) {
      timelines.markRead(channels.currentId);
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      step(event.key === 'ArrowUp' ? -1 : 1, event.shiftKey);
    }
  }

  function step(by: 1 | -1, unreadOnly: boolean): void {
    const all = [...channels.channels, ...channels.directs];
    const at = all.findIndex((one) => one.id === channels.currentId);
    for (let n = 1; n <= all.length; n++) {
      const next = all.at((at + n * by + all.length * 2) % all.length);
      if (next && next.id !== channels.currentId && (!unreadOnly || next.unread > 0)) {
        void router.push(toChannel(next.id));
        return;
      }
    }
  }
}
