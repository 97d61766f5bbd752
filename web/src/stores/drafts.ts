import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';

import type { Draft } from '../outbox/storage';
import { Saving } from '../sync/saving';
import { services } from './services';

/** Short, since a draft is all there is of a text, in milliseconds. */
const DELAY = 300;

/** What is written but not sent, per channel; survives a reload. */
export const useDraftsStore = defineStore('drafts', () => {
  const texts = shallowReactive(new Map<string, string>());
  /** What the channels are called: one that was left since tells no name. */
  const places = new Map<string, string>();
  /** Texts that left the composer and are not known to be written down elsewhere. */
  const leaving = new Map<string, readonly string[]>();
  const saving = new Saving(async (channelIds) => {
    const storage = services()?.storage;
    if (storage === undefined) return;
    await Promise.all(
      [...channelIds].map((channelId) =>
        storage.saveDraft(channelId, { text: kept(channelId), place: place(channelId) }),
      ),
    );
  }, DELAY);

  function get(channelId: string): string {
    return texts.get(channelId) ?? '';
  }
  function place(channelId: string): string {
    return places.get(channelId) ?? '';
  }
  /** Reactive: every draft by its channel. */
  function all(): ReadonlyMap<string, string> {
    return texts;
  }
  function set(channelId: string, text: string, place?: string): void {
    if (place !== undefined) places.set(channelId, place);
    if (text === get(channelId)) return;
    if (text === '') texts.delete(channelId);
    else texts.set(channelId, text);
    saving.changed(channelId);
  }
  /** What the next page begins with, if this one dies now. */
  function kept(channelId: string): string {
    return joined(leaving.get(channelId) ?? [], get(channelId));
  }
  /**
   * For `timelines.ts`: the draft was sent as `text`, so it is shown no more. It is kept as part of the draft until it is
   * written down elsewhere.
   */
  async function handOver(channelId: string, text: string, written: Promise<unknown>): Promise<void> {
    leaving.set(channelId, [...(leaving.get(channelId) ?? []), text]);
    set(channelId, '');
    await written;
    const texts = leaving.get(channelId) ?? [];
    // Somebody else may have signed in meanwhile.
    if (!texts.includes(text)) return;
    leaving.set(channelId, texts.toSpliced(texts.indexOf(text), 1));
    saving.changed(channelId);
    // At once: a page that dies before would leave it twice, as a draft and as a message.
    saving.flush();
  }
  /** For `live.ts`: what was left behind, unless something was written since. */
  function restore(saved: ReadonlyMap<string, Draft>): void {
    for (const [channelId, draft] of saved) {
      if (texts.has(channelId)) continue;
      texts.set(channelId, draft.text);
      places.set(channelId, draft.place);
    }
  }
  /** For `live.ts`: the tab may be thrown away. */
  function flush(): void {
    saving.flush();
  }
  function reset(): void {
    saving.stop();
    texts.clear();
    leaving.clear();
    places.clear();
  }

  return { get, place, all, set, handOver, restore, flush, reset };
});

function joined(before: readonly string[], text: string): string {
  return [...before, text].filter((one) => one !== '').join('\n\n');
}
