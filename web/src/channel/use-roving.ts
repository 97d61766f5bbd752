import { computed, ref, type ShallowRef } from 'vue';

import type { Row } from '../timeline/row';
import type { Item } from './layout';

/**
 * One tab stop for all messages: the arrows move among them, Home goes to the first that is loaded. The stop is the
 * message that was focused last, else the newest.
 */
export function useRoving(
  scroller: Readonly<ShallowRef<HTMLElement | null>>,
  items: () => readonly Item[],
  /** A key that is not about moving, pressed on a message; true: it meant something. */
  act: (key: string, row: Row) => boolean,
) {
  const chosen = ref<string | null>(null);
  const keys = computed(() => items().flatMap((item) => (item.kind === 'message' ? [item.key] : [])));
  const active = computed(() => {
    const key = chosen.value;
    return key !== null && keys.value.includes(key) ? key : (keys.value.at(-1) ?? null);
  });

  function focusKey(key: string | undefined): void {
    if (key === undefined) return;
    chosen.value = key;
    const element = scroller.value?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: 'nearest' });
  }

  /** Makes that message the tab stop, without the focus. */
  function choose(key: string): void {
    chosen.value = key;
  }

  function keydown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const target = event.target as HTMLElement;
    // Inside of a message (a link, a button, a block of code) the keys are that element's own.
    if (target.dataset.key === undefined) return;
    const at = keys.value.indexOf(target.dataset.key);
    const item = items().find(({ key }) => key === target.dataset.key);
    if (item?.kind === 'message' && act(event.key, item.row)) return event.preventDefault();
    const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    focusKey(keys.value[Math.min(Math.max(next, 0), keys.value.length - 1)]);
  }

  function focusin(event: FocusEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-key]');
    if (row?.dataset.key !== undefined) chosen.value = row.dataset.key;
  }

  return { active, keydown, focusin, choose, focusKey, focusLast: () => focusKey(keys.value.at(-1)) };
}
