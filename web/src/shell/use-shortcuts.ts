import { onBeforeUnmount, onMounted } from 'vue';
import { useRoute, useRouter } from 'vue-router';

import { closeDialog, dialog, openDialog, type DialogName } from '../app/dialogs';
import { isCommand } from '../app/keys';
import { ROUTE, toChannel } from '../app/routes';
import { usePanel } from '../panel/use-panel';
import { useChannelsStore } from '../stores/channels';
import { useTimelinesStore } from '../stores/timelines';

/** The keys that work wherever one is; `app/keys.ts` lists them for the sheet that explains them. */
export function useShortcuts(): void {
  const channels = useChannelsStore();
  const timelines = useTimelinesStore();
  const router = useRouter();
  const route = useRoute();
  const panel = usePanel();

  onMounted(() => addEventListener('keydown', keydown));
  onBeforeUnmount(() => removeEventListener('keydown', keydown));

  function keydown(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const wanted = dialogOf(event);
    if (wanted !== null) {
      event.preventDefault();
      if (dialog.value === wanted) closeDialog();
      // One that asks for a decision is not pushed aside.
      else if (dialog.value !== null || !isCovered()) openDialog(wanted);
      return;
    }
    // A dialog or menu that is open has the other keys.
    if (isCovered()) return;
    if (event.key === 'Escape') escape(event);
    else if (event.altKey && !event.ctrlKey && !event.metaKey) walk(event);
  }

  function escape(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.shiftKey) timelines.markAllRead();
    else if (panel.isOpen.value && (panel.covers.value || isInPanel())) panel.close();
    else if (route.name === ROUTE.settings || route.name === ROUTE.browse) void router.push({ name: ROUTE.home });
    else if (channels.currentId !== null) timelines.markRead(channels.currentId);
  }

  function walk(event: KeyboardEvent): void {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    event.preventDefault();
    step(event.key === 'ArrowUp' ? -1 : 1, event.shiftKey);
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

function dialogOf(event: KeyboardEvent): DialogName | null {
  if (!isCommand(event)) return null;
  if (event.key.toLowerCase() === 'k' && !event.shiftKey) return 'switcher';
  // Where the slash is a shifted key, the shift belongs to it.
  return event.key === '/' ? 'shortcuts' : null;
}

function isCovered(): boolean {
  return document.querySelector('[role="dialog"], [role="menu"]') !== null;
}

function isInPanel(): boolean {
  return document.activeElement?.closest('[data-testid="panel"]') !== null;
}
