import { computed, onBeforeUnmount, shallowReactive, watch, type ShallowRef } from 'vue';

/** Where each dialog that is open has room for notices, the topmost last. */
const places = shallowReactive<HTMLElement[]>([]);

/**
 * Where notices stand: in the dialog that is on top, since nothing outside of it can be pressed, reached by a key or
 * heard; null: on the page.
 */
export const noticePlace = computed(() => places.at(-1) ?? null);

/** Offers an element as that place for as long as it is there. */
export function useNoticePlace(element: Readonly<ShallowRef<HTMLElement | null>>): void {
  watch(element, (now, before) => {
    if (before) withdraw(before);
    if (now) places.push(now);
  });
  onBeforeUnmount(() => element.value && withdraw(element.value));
}

function withdraw(place: HTMLElement): void {
  const at = places.indexOf(place);
  if (at >= 0) places.splice(at, 1);
}
