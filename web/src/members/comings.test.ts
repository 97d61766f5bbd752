import { expect, it } from 'vitest';

import { groupComings, noteComing, type Coming } from './comings';

const all = (...told: [string, boolean, number][]): readonly Coming[] =>
  told.reduce<readonly Coming[]>((list, [userId, isIn, afterSeq]) => noteComing(list, { userId, isIn, afterSeq }), []);

it('what happens behind the same message is one line', () => {
  expect(groupComings(all(['a', true, 3], ['b', true, 3], ['c', false, 3], ['d', true, 5]))).toEqual([
    { afterSeq: 3, joined: ['a', 'b'], left: ['c'] },
    { afterSeq: 5, joined: ['d'], left: [] },
  ]);
});

it('who comes and goes behind the same message leaves no trace, and being told twice changes nothing', () => {
  expect(all(['a', true, 3], ['a', false, 3])).toEqual([]);
  expect(all(['a', true, 3], ['a', true, 3])).toHaveLength(1);
  expect(all(['a', true, 3], ['a', false, 4])).toHaveLength(2);
});

it('does not grow without end', () => {
  const many = all(...Array.from({ length: 500 }, (_, n): [string, boolean, number] => [`u${n}`, true, n]));
  expect(many).toHaveLength(100);
  expect(many.at(-1)?.userId).toBe('u499');
});
