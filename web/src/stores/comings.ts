import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';

import { noteComing, type Coming } from '../members/comings';
import { services } from './services';

/** Who came to and left the channels while one was here. Told live, and kept beside the newest messages on this device. */
export const useComingsStore = defineStore('comings', () => {
  const lists = shallowReactive(new Map<string, readonly Coming[]>());
  const NONE: readonly Coming[] = [];

  /** Reactive: in the order in which it happened. */
  function of(channelId: string): readonly Coming[] {
    return lists.get(channelId) ?? NONE;
  }
  /** For `live.ts`: somebody came or left, when `afterSeq` was the newest message. */
  function note(channelId: string, userId: string, isIn: boolean, afterSeq: number): void {
    if (userId === services()?.self) return;
    lists.set(channelId, noteComing(of(channelId), { userId, isIn, afterSeq }));
  }
  /** For `live.ts`: what was kept. */
  function restore(channelId: string, kept: readonly Coming[]): void {
    lists.set(channelId, kept);
  }
  /** For `live.ts`: one is not in that channel any more. */
  function forget(channelId: string): void {
    lists.delete(channelId);
  }
  /** For `live.ts`: somebody else may sign in next. */
  function reset(): void {
    lists.clear();
  }

  return { of, note, restore, forget, reset };
});
