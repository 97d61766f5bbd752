import type { Mark } from './format';

/** What a key in the composer means; null: what it always means. */
export type Intent = 'send' | Mark | null;

type Key = Pick<KeyboardEvent, 'key' | 'keyCode' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'isComposing'>;

/**
 * Enter sends, Shift+Enter breaks the line. While an input method composes (Japanese, Chinese, Korean, dead keys) every
 * key belongs to it; Safari says so only by the key code 229 on the Enter that ends it.
 */
export function intentOf(event: Key): Intent {
  if (event.isComposing || event.keyCode === 229) return null;
  if (event.key === 'Enter') return event.shiftKey || event.altKey ? null : 'send';
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (event.shiftKey) {
    if (key === 'x') return 'strike';
    if (key === 'c') return 'code';
    return null;
  }
  if (key === 'b') return 'bold';
  if (key === 'i') return 'italic';
  return null;
}

/** The arrow that goes back to what was written last. */
export function isUp(event: Key): boolean {
  const alone = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey && !event.isComposing;
  return event.key === 'ArrowUp' && alone;
}
