import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { fetched } from './lazy';
import { useToasts } from './toasts';

beforeEach(() => {
  setActivePinia(createPinia());
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

/** A part that does not come the first so many times; each time is noted. */
function missing(times: number) {
  const asked: number[] = [];
  const load = async (): Promise<string> => {
    asked.push(Date.now());
    if (asked.length <= times) throw new TypeError('Failed to fetch dynamically imported module');
    return 'part';
  };
  return { asked, load };
}

it('asks again, each time a little later, for a part of the page that did not come, and says nothing', async () => {
  const { asked, load } = missing(2);
  const part = fetched(load);
  await vi.runAllTimersAsync();
  await expect(part).resolves.toBe('part');
  const [first = 0, second = 0, third = 0] = asked;
  expect([second - first, third - second]).toEqual([400, 800]);
  expect(useToasts().toasts).toEqual([]);
});

it('says it once and fails when it does not come at all, and asks anew the next time', async () => {
  const { asked, load } = missing(3);
  const part = fetched(load);
  const failure = expect(part).rejects.toThrow('dynamically imported');
  await vi.runAllTimersAsync();
  await failure;
  expect(asked).toHaveLength(3);
  expect(useToasts().toasts).toMatchObject([{ kind: 'error' }]);
  await expect(fetched(load)).resolves.toBe('part');
});
