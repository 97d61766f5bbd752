import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';

import { Saving } from '../sync/saving';
import { services } from './services';

/** Short, since a draft is all there is of a text, in milliseconds. */
const DELAY = 300;

/** What is written but not sent, per channel; survives a reload. */
export const useDraftsStore = defineStore('drafts', () => {
  const texts = shallowReactive(new Map<string, string>());
  const saving = new Saving(async (channelIds) => {
    const storage = services()?.storage;
    if (storage === undefined) return;
    await Promise.all([...channelIds].map((channelId) => storage.saveDraft(channelId, get(channelId))));
  }, DELAY);

  function get(channelId: string): string {
    return texts.get(channelId) ?? '';
  }
  function set(channelId: string, text: string): void {
    if (text === get(channelId)) return;
    if (text === '') texts.delete(channelId);
    else texts.set(channelId, text);
    saving.changed(channelId);
  }
  /** For `live.ts`: what was left behind, unless something was written since. */
  function restore(saved: ReadonlyMap<string, string>): void {
    for (const [channelId, text] of saved) if (!texts.has(channelId)) texts.set(channelId, text);
  }
  /** For `live.ts`: the tab may be thrown away. */
  function flush(): void {
    saving.flush();
  }
  function reset(): void {
    saving.stop();
    texts.clear();
  }

  return { get, set, restore, flush, reset };
});
