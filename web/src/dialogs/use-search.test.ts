import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { effectScope, nextTick, ref, type EffectScope } from 'vue';

import { done, failed, unreachable, type Outcome } from '../net/outcome';
import { useSearch } from './use-search';

/** Questions that wait for their answers. */
let asked: { query: string; answer: (outcome: Outcome<string[]>) => void }[];
let scope: EffectScope;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  scope = effectScope();
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
});

function search(open = ref(true)) {
  const ask = (query: string) => new Promise<Outcome<string[]>>((answer) => asked.push({ query, answer }));
  const made = scope.run(() => useSearch(() => open.value, ask, []));
  if (!made) throw new Error('the scope is over');
  return made;
}

async function type(found: ReturnType<typeof search>, text: string): Promise<void> {
  found.query.value = text;
  await nextTick();
}

it('asks when it opens, and once for what was typed without a pause', async () => {
  const found = search();
  await type(found, 'r');
  await type(found, 'ru');
  vi.advanceTimersByTime(1000);
  expect(asked.map((one) => one.query)).toEqual(['', 'ru']);
});

it('drops an answer that a newer question overtook', async () => {
  const found = search();
  await type(found, 'ru');
  vi.advanceTimersByTime(1000);
  asked[1]?.answer(done(['rust']));
  await nextTick();
  asked[0]?.answer(done(['everything']));
  await nextTick();
  expect(found.results.value).toEqual(['rust']);
  expect(found.answered.value).toBe('ru');
});

it('keeps what it found when the next question fails', async () => {
  const found = search();
  asked[0]?.answer(done(['rust']));
  await nextTick();
  await type(found, 'x');
  vi.advanceTimersByTime(1000);
  asked[1]?.answer(failed(unreachable('')));
  await nextTick();
  expect(found.results.value).toEqual(['rust']);
  expect(found.failure.value?.code).toBe('NETWORK');
});

it('starts anew each time it opens', async () => {
  const open = ref(true);
  const found = search(open);
  await type(found, 'ru');
  open.value = false;
  await nextTick();
  open.value = true;
  await nextTick();
  expect(found.query.value).toBe('');
  expect(asked.at(-1)?.query).toBe('');
});
