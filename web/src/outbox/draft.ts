/** A text that was begun in a channel. Every tab of a person shows the same one. */
export interface Draft {
  text: string;
  /** What the channel is called, as in the outbox. */
  place: string;
}

/** Several texts as one, in this order. */
export function joined(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
}

/**
 * What another tab wrote down that this one has not seen: it is kept, in front of what is written now. `known` is what
 * this tab believed to be there.
 */
export function unseen(found: string, known: string, text: string): string {
  return found === known || found === text ? '' : found;
}
