import { nextTick, ref, watch, type Ref, type ShallowRef } from 'vue';

import type { TimelineView, Visit } from '../stores/view';
import type { Item } from './layout';

interface Ports {
  scroller: Readonly<ShallowRef<HTMLElement | null>>;
  content: Readonly<ShallowRef<HTMLElement | null>>;
  view: Readonly<Ref<TimelineView>>;
  items: Readonly<Ref<readonly Item[]>>;
  atEnd: Readonly<Ref<boolean>>;
  toEnd(): void;
  /** Puts an element where one looks first. */
  show(element: HTMLElement): Promise<void>;
  /** The channel is about to be shown. */
  ready(): void;
  /** It stands where it opens. */
  opened(): void;
  /** The message that one came for is shown; or there is none like that. */
  visited(visit: Visit): void;
}

/** Where a channel opens: at the message that one came for, else where the unread begins, else at its end. */
export function useOpening(ports: Ports): Readonly<Ref<boolean>> {
  const { view, items, content, scroller } = ports;
  const opened = ref(false);

  watch(
    () => view.value.ready,
    async (ready) => {
      if (!ready || opened.value) return;
      await nextTick();
      ports.ready();
      const { visit } = view.value;
      const shown = (visit?.found === true && (await showRow(visit.seq))) || (await showDivider());
      if (!shown) ports.toEnd();
      opened.value = true;
      ports.opened();
      if (visit !== null) ports.visited(visit);
    },
    { immediate: true, flush: 'post' },
  );
  // Once it is open: a link to another message of it.
  watch(
    () => view.value.visit,
    async (visit) => {
      if (visit === null || !opened.value) return;
      await nextTick();
      if (visit.found) await showRow(visit.seq);
      else ports.toEnd();
      ports.visited(visit);
    },
    { flush: 'post' },
  );
  // What was missed comes when the rows from the last visit stand already: then the divider is gone to as well, unless it
  // can be seen, or one came for a message or has begun to read elsewhere.
  watch(
    () => items.value.some((item) => item.kind === 'new'),
    async (divided) => {
      if (!divided || !opened.value || !ports.atEnd.value || view.value.visit !== null) return;
      // Once the end was followed, as it is while one is there.
      await nextTick();
      if (!isDividerInView()) void showDivider();
    },
    { flush: 'post' },
  );

  function divider(): HTMLElement | null {
    return content.value?.querySelector<HTMLElement>('[data-divider]') ?? null;
  }
  function isDividerInView(): boolean {
    const top = divider()?.getBoundingClientRect().top ?? Infinity;
    return scroller.value !== null && top >= scroller.value.getBoundingClientRect().top;
  }
  function showDivider(): Promise<boolean> {
    return shown(divider());
  }
  function showRow(seq: number): Promise<boolean> {
    return shown(content.value?.querySelector<HTMLElement>(`[data-seq="${seq}"]`) ?? null);
  }
  /** False if there is none. */
  async function shown(element: HTMLElement | null): Promise<boolean> {
    if (element === null) return false;
    await ports.show(element);
    return true;
  }

  return opened;
}
