import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { unreachable } from '../net/outcome';
import { useToasts } from './toasts';

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
});
afterEach(() => vi.useRealTimers());

it('shows three at most, the newest', () => {
  const toasts = useToasts();
  for (const text of ['a', 'b', 'c', 'd']) toasts.info(text);
  expect(toasts.toasts.map((toast) => toast.text)).toEqual(['b', 'c', 'd']);
});

it('takes a notice away by itself, an error never', () => {
  const toasts = useToasts();
  toasts.info('done');
  toasts.failed(unreachable(''));
  vi.advanceTimersByTime(60_000);
  expect(toasts.toasts.map((toast) => toast.kind)).toEqual(['error']);
});

it('says the same thing once', () => {
  const toasts = useToasts();
  toasts.failed(unreachable(''));
  toasts.failed(unreachable(''));
  expect(toasts.toasts).toHaveLength(1);
});
