import { nextTick, onBeforeUnmount, onMounted, onUpdated, onBeforeUpdate, ref, type Ref, type ShallowRef } from 'vue';

/** Nearer to the end than this counts as being there, in pixels. */
const NEAR_END = 60;

/** In so many frames rows that came into being have been laid out. */
const HOLD_FRAMES = 3;

/** A row, and where its lower edge stands: a row that becomes a follower loses its head, and what is read is below. */
interface Anchor {
  element: HTMLElement;
  bottom: number;
}

/**
 * The scrolling of a timeline. Near the end it stays there, whatever grows; elsewhere what is being read stays in its
 * place. The browser's own scroll anchoring does the most of that; around a change of the rows by us the top one is
 * measured before and put back after, because anchoring rests while the scroller stands at its very top.
 */
export function useScroll(
  scroller: Readonly<ShallowRef<HTMLElement | null>>,
  content: Readonly<ShallowRef<HTMLElement | null>>,
  /** What is loaded reaches to the newest message: its end is worth staying at. */
  complete: () => boolean,
) {
  /** Within 60 px of the end. */
  const atEnd: Ref<boolean> = ref(true);
  /** More than a screen and a half above it. */
  const farAway = ref(false);
  /** Stays at the end until one scrolls away. */
  let pinned = true;
  let height = 0;
  let anchor: Anchor | null = null;
  let held: Anchor | null = null;
  const observer = new ResizeObserver(settle);

  onMounted(() => {
    if (scroller.value) observer.observe(scroller.value);
    if (content.value) observer.observe(content.value);
  });
  onBeforeUnmount(() => observer.disconnect());

  onBeforeUpdate(() => {
    held = null;
    // One may have scrolled since the last scroll event: what counts is where one is.
    scrolled();
    anchor = pinned ? null : topRow();
  });
  onUpdated(() => {
    const element = scroller.value;
    if (!element) return;
    if (pinned) {
      toEnd();
    } else {
      if (anchor?.element.isConnected) hold(anchor);
      // Rows that came above are no growth at the end: it must not look as if one had been there.
      height = element.scrollHeight;
    }
    anchor = null;
  });

  /**
   * Puts what was being read back in its place, and holds it there while the rows around it come to their true height:
   * the browser's own anchoring rests in a frame in which the anchor itself changed its style, as it does when the row
   * before it makes it a follower.
   */
  function hold(one: Anchor): void {
    held = one;
    putBack(one);
    let frames = HOLD_FRAMES;
    const next = (): void => {
      if (held !== one) return;
      if (--frames > 0) requestAnimationFrame(next);
      else held = null;
    };
    requestAnimationFrame(next);
  }
  function putBack({ element, bottom }: Anchor): void {
    const moved = element.getBoundingClientRect().bottom - bottom;
    if (scroller.value && Math.abs(moved) >= 1) scroller.value.scrollTop += moved;
  }

  /** Something changed its size: stay at the end if that is where one was. */
  function settle(): void {
    if (pinned) return toEnd();
    if (held?.element.isConnected) putBack(held);
    height = scroller.value?.scrollHeight ?? 0;
    scrolled();
  }

  /** Call on each scroll event. */
  function scrolled(): void {
    const element = scroller.value;
    if (!element) return;
    // Whoever scrolls takes what they read along.
    if (held) held.bottom = held.element.getBoundingClientRect().bottom;
    // What has grown since the last frame does not count: nobody scrolled away from it.
    const gap = Math.min(element.scrollHeight, height || Infinity) - element.scrollTop - element.clientHeight;
    atEnd.value = gap <= NEAR_END;
    pinned = atEnd.value && complete();
    farAway.value = gap > element.clientHeight * 1.5;
  }

  function toEnd(): void {
    const element = scroller.value;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    height = element.scrollHeight;
    atEnd.value = true;
    pinned = complete();
    farAway.value = false;
  }

  /** Puts an element a quarter down the view; once more when the rows around it have their true height. */
  async function show(element: HTMLElement): Promise<void> {
    pinned = false;
    place(element);
    await new Promise(requestAnimationFrame);
    if (element.isConnected) place(element);
    await nextTick();
    scrolled();
  }
  function place(element: HTMLElement): void {
    const outer = scroller.value;
    if (!outer) return;
    const top = element.getBoundingClientRect().top - outer.getBoundingClientRect().top;
    outer.scrollTop += top - outer.clientHeight / 4;
    height = outer.scrollHeight;
  }

  function topRow(): Anchor | null {
    const outer = scroller.value;
    if (!outer) return null;
    const edge = outer.getBoundingClientRect().top;
    for (const element of outer.querySelectorAll<HTMLElement>('[data-key]')) {
      const box = element.getBoundingClientRect();
      if (box.bottom > edge) return { element, bottom: box.bottom };
    }
    return null;
  }

  return { atEnd, farAway, scrolled, toEnd, show };
}
