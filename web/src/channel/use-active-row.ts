import { computed, ref } from 'vue';

/** The row whose actions are drawn: the one under the pointer, else the one that has the focus. Never more than one. */
export function useActiveRow() {
  const pointed = ref<string | null>(null);
  const focused = ref<string | null>(null);
  const active = computed(() => pointed.value ?? focused.value);

  function keyOf(target: EventTarget | null): string | null {
    return target instanceof Element ? (target.closest<HTMLElement>('[data-key]')?.dataset.key ?? null) : null;
  }
  function pointerover(event: PointerEvent): void {
    // A finger does not hover: what it touches gets the focus.
    if (event.pointerType !== 'touch') pointed.value = keyOf(event.target);
  }
  function pointerleave(): void {
    pointed.value = null;
  }
  function focusin(event: FocusEvent): void {
    focused.value = keyOf(event.target);
  }
  function focusout(event: FocusEvent): void {
    if (keyOf(event.relatedTarget) !== focused.value) focused.value = null;
  }

  return { active, pointerover, pointerleave, focusin, focusout };
}
