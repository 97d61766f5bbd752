import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { memoryStorage } from '../outbox/memory';
import type { Storage } from '../outbox/storage';
import { useDraftsStore } from './drafts';
import { setServices } from './services';

let storage: Storage;

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  storage = memoryStorage();
  setServices({ storage } as never);
});
afterEach(() => {
  setServices(null);
  vi.useRealTimers();
});

/** What a tab that is opened now would find. */
async function kept(): Promise<Record<string, string>> {
  useDraftsStore().flush();
  return found();
}

async function found(): Promise<Record<string, string>> {
  return Object.fromEntries([...(await storage.drafts())].map(([channelId, { text }]) => [channelId, text]));
}

function promise(): { written: Promise<void>; write: () => void } {
  let write = (): void => undefined;
  const written = new Promise<void>((resolve) => {
    write = resolve;
  });
  return { written, write };
}

test('what was let go of stays kept until it is written down elsewhere', async () => {
  const drafts = useDraftsStore();
  const { written, write } = promise();
  drafts.set('general', 'precious');
  void drafts.handOver('general', 'precious', written);
  expect(drafts.get('general')).toBe('');
  expect(await kept()).toStrictEqual({ general: 'precious' });
  write();
  await vi.waitFor(async () => expect(await found()).toStrictEqual({}));
});

test('what is written next stands behind it, and is all that is left once it is written down', async () => {
  const drafts = useDraftsStore();
  const [first, second] = [promise(), promise()];
  void drafts.handOver('general', 'first', first.written);
  void drafts.handOver('general', 'second', second.written);
  drafts.set('general', 'third');
  expect(await kept()).toStrictEqual({ general: 'first\n\nsecond\n\nthird' });
  first.write();
  await vi.advanceTimersByTimeAsync(0);
  expect(await kept()).toStrictEqual({ general: 'second\n\nthird' });
  second.write();
  await vi.advanceTimersByTimeAsync(0);
  expect(await kept()).toStrictEqual({ general: 'third' });
});
