import { nextTick, onBeforeUnmount, onMounted, onUpdated, onBeforeUpdate, ref, type Ref, type ShallowRef } from 'vue';

/** Nearer to the end than this counts as being there, in pixels. */
const NEAR_END = 60;

/** After so many frames in which nothing moved, rows that came into being have been laid out. */
const QUIET_FRAMES = 4;
/** Something that moves for longer is not a row that comes to its height. */
const HOLD_FRAMES = 60;

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
  /** What is known of the content's height, the view's and what is scrolled: the rest was not scrolled by the person. */
  let height = 0;
  let room = 0;
  let top = 0;
  let anchor: Anchor | null = null;
  let held: Anchor | null = null;
  const observer = new ResizeObserver(settle);

  onMounted(() => {
    if (scroller.value) observer.observe(scroller.value);
    if (content.value) observer.observe(content.value);
  });
  onBeforeUnmount(() => observer.disconnect());

  onBeforeUpdate(() => {
    // One may have scrolled since the last scroll event: what counts is where one is.
    scrolled();
    // What is being held still has to come back to its place: measured anew it would stay where it is just now.
    const still = held?.element.isConnected ? held : null;
    letGo();
    anchor = pinned ? null : (still ?? topRow());
  });
  onUpdated(() => {
    const element = scroller.value;
    if (!element) return;
    if (pinned) {
      toEnd();
    } else {
      if (anchor?.element.isConnected) hold(anchor);
      // Rows that came above are no growth at the end: it must not look as if one had been there.
      measure(element);
    }
    anchor = null;
  });

  /**
   * Puts what was being read back in its place, and holds it there while the rows around it come to their true height:
   * each that does may bring others into view that have not. The browser's own anchoring rests meanwhile: it would hold
   * another row, and what it scrolls could not be told from what the person scrolls.
   */
  function hold(one: Anchor): void {
    const element = scroller.value;
    if (!element) return;
    held = one;
    element.style.overflowAnchor = 'none';
    putBack(one);
    let [quiet, frames] = [0, 0];
    const next = (): void => {
      if (held !== one) return;
      quiet = putBack(one) ? 0 : quiet + 1;
      frames += 1;
      if (quiet < QUIET_FRAMES && frames < HOLD_FRAMES) requestAnimationFrame(next);
      else letGo();
    };
    requestAnimationFrame(next);
  }
  function letGo(): void {
    held = null;
    if (scroller.value) scroller.value.style.overflowAnchor = '';
  }
  /** True if it had moved. */
  function putBack({ element, bottom }: Anchor): boolean {
    const outer = scroller.value;
    const moved = element.isConnected ? element.getBoundingClientRect().bottom - bottom : 0;
    if (!outer || Math.abs(moved) < 1) return false;
    outer.scrollTop += moved;
    top = outer.scrollTop;
    return true;
  }

  /** Something changed its size: stay at the end if that is where one was. */
  function settle(): void {
    if (pinned) return toEnd();
    if (held) putBack(held);
    if (scroller.value) measure(scroller.value);
    scrolled();
  }
  function measure(element: HTMLElement): void {
    height = element.scrollHeight;
    room = element.clientHeight;
  }

  /** Call on each scroll event. */
  function scrolled(): void {
    const element = scroller.value;
    if (!element) return;
    // Whoever scrolls takes what they read along.
    if (held) held.bottom -= element.scrollTop - top;
    top = element.scrollTop;
    // What has grown since the last frame, the composer below it too, does not count: nobody scrolled away from it.
    const end = Math.min(element.scrollHeight, height || Infinity);
    const gap = end - element.scrollTop - Math.max(element.clientHeight, room);
    atEnd.value = gap <= NEAR_END;
    pinned = atEnd.value && complete();
    farAway.value = gap > element.clientHeight * 1.5;
  }

  function toEnd(): void {
    const element = scroller.value;
    if (!element) return;
    letGo();
    element.scrollTop = element.scrollHeight;
    measure(element);
    atEnd.value = true;
    pinned = complete();
    farAway.value = false;
  }

  /** Puts an element a quarter down the view; once more when the rows around it have their true height. */
  async function show(element: HTMLElement): Promise<void> {
    pinned = false;
    letGo();
    place(element);
    await new Promise(requestAnimationFrame);
    if (element.isConnected) place(element);
    await nextTick();
    scrolled();
  }
  function place(element: HTMLElement): void {
    const outer = scroller.value;
    if (!outer) return;
    const below = element.getBoundingClientRect().top - outer.getBoundingClientRect().top;
    outer.scrollTop += below - outer.clientHeight / 4;
    measure(outer);
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
