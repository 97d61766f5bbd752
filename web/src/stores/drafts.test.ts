import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { memoryStorage } from '../outbox/memory';
import type { Draft } from '../outbox/draft';
import type { Storage } from '../outbox/storage';
import { useDraftsStore } from './drafts';
import { setServices } from './services';

let storage: Storage;
/** What the other tabs were told. */
let told: Draft[];

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  storage = memoryStorage();
  told = [];
  setServices({ storage, tabs: { tell: (note: { draft: Draft }) => told.push(note.draft) } } as never);
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

describe('another tab', () => {
  const draft = (text: string): Draft => ({ text, place: '#general' });
  const write = (text: string, known: string) => storage.saveDraft('general', draft(text), known);

  test('hears of what is written down, and what it wrote is taken over', async () => {
    const drafts = useDraftsStore();
    drafts.set('general', 'begun', '#general');
    await vi.advanceTimersByTimeAsync(300);
    expect(told).toStrictEqual([draft('begun')]);

    await write('begun, gone on', 'begun');
    drafts.hear('general', draft('begun, gone on'));
    expect(drafts.get('general')).toBe('begun, gone on');
    drafts.set('general', 'ended here', '#general');
    await vi.advanceTimersByTimeAsync(300);
    expect(await found()).toStrictEqual({ general: 'ended here' });
    expect(told.at(-1)).toStrictEqual(draft('ended here'));

    // Sent there.
    await write('', 'ended here');
    drafts.hear('general', draft(''));
    expect([...drafts.all()]).toStrictEqual([]);
  });

  test('that wrote unseen loses nothing: both texts are shown and kept', async () => {
    const drafts = useDraftsStore();
    await write('theirs', '');
    drafts.set('general', 'mine', '#general');
    // It comes while one types: what is typed goes on.
    drafts.hear('general', draft('theirs'));
    expect(drafts.get('general')).toBe('mine');
    await vi.advanceTimersByTimeAsync(300);
    expect(drafts.get('general')).toBe('theirs\n\nmine');
    expect(await found()).toStrictEqual({ general: 'theirs\n\nmine' });
    expect(told).toStrictEqual([draft('theirs\n\nmine')]);
  });

  test('that sent the text while it is read from the storage has emptied it', async () => {
    const drafts = useDraftsStore();
    drafts.hear('general', draft(''));
    drafts.restore(new Map([['general', draft('sent')]]));
    expect(drafts.get('general')).toBe('');
  });

  describe('where nothing can be kept, and each tab has only its own memory', () => {
    test('goes on with the text of this one, which does not repeat itself', async () => {
      const drafts = useDraftsStore();
      drafts.set('general', 'a', '#general');
      await vi.advanceTimersByTimeAsync(300);
      drafts.hear('general', draft('ab'));
      drafts.set('general', 'abc', '#general');
      await vi.advanceTimersByTimeAsync(300);
      expect(drafts.get('general')).toBe('abc');
    });

    test('sent the text of this one, which does not come back', async () => {
      const drafts = useDraftsStore();
      drafts.set('general', 'sent there', '#general');
      await vi.advanceTimersByTimeAsync(300);
      drafts.hear('general', draft(''));
      drafts.set('general', 'next', '#general');
      await vi.advanceTimersByTimeAsync(300);
      expect(drafts.get('general')).toBe('next');
    });

    test('loses nothing that is begun here at the same time', async () => {
      const drafts = useDraftsStore();
      drafts.set('general', 'mine', '#general');
      drafts.hear('general', draft('theirs'));
      await vi.advanceTimersByTimeAsync(300);
      expect(told).toStrictEqual([draft('theirs\n\nmine')]);
    });
  });

  test('is told and nothing is lost when the page is left while a text is being written down', async () => {
    const drafts = useDraftsStore();
    drafts.set('general', 'one', '#general');
    await vi.advanceTimersByTimeAsync(300);
    drafts.set('general', 'one two', '#general');
    vi.advanceTimersByTime(300);
    drafts.set('general', 'one two three', '#general');
    expect(await kept()).toStrictEqual({ general: 'one two three' });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await found()).toStrictEqual({ general: 'one two three' });
    expect(told.at(-1)).toStrictEqual(draft('one two three'));
  });
});
