import { defineStore } from 'pinia';
import { ref } from 'vue';

import type { LinkStatus } from '../net/link';
import { services } from './services';

/** A drop that is over sooner shows nothing, in milliseconds. */
const UNNOTICED = 2_000;

/** Whether the server hears us. */
export const useConnectionStore = defineStore('connection', () => {
  const status = ref<LinkStatus>('connecting');
  /** When `status` last changed, in milliseconds since the epoch. */
  const since = ref(Date.now());
  /** True after two seconds without a connection, so that a short drop shows nothing. */
  const bannerVisible = ref(false);
  /** When the next attempt is made, in milliseconds since the epoch; null if none is planned. */
  const nextAttemptAt = ref<number | null>(null);
  /** The server serves another build of this page than this tab runs: offer to reload. */
  const newVersion = ref(false);
  let firstBuild: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Tries at once instead of waiting for the next attempt. */
  function retryNow(): void {
    services()?.link.retryNow();
  }

  /** For `live.ts`. */
  function set(next: LinkStatus, attemptAt: number | null): void {
    nextAttemptAt.value = attemptAt;
    if (next !== status.value) {
      status.value = next;
      since.value = Date.now();
    }
    if (next === 'online') {
      clearTimeout(timer);
      timer = undefined;
      bannerVisible.value = false;
    } else {
      timer ??= setTimeout(() => {
        bannerVisible.value = true;
      }, UNNOTICED);
    }
  }
  /** For `live.ts`: the page was loaded from the build that was told first. */
  function setBuild(build: string): void {
    firstBuild ??= build;
    newVersion.value = firstBuild !== build;
  }
  /** For `live.ts`: nobody is signed in, so there is nothing to be connected to. */
  function reset(): void {
    clearTimeout(timer);
    timer = undefined;
    status.value = 'connecting';
    since.value = Date.now();
    bannerVisible.value = false;
    nextAttemptAt.value = null;
  }

  return { status, since, bannerVisible, nextAttemptAt, newVersion, retryNow, set, setBuild, reset };
});
