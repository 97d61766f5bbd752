import { expect, it } from 'vitest';

import type { Member } from '../members/members';
import { panelRows, type PanelRow } from './rows';

const members: Member[] = [
  { id: '1', role: 'member', readUpTo: 0 },
  { id: '2', role: 'owner', readUpTo: 0 },
  { id: '3', role: 'member', readUpTo: 0 },
];
const names: Record<string, string> = { 1: 'zoe', 2: 'Ben', 3: 'ada' };
const collator = new Intl.Collator('en');
const word = (row: PanelRow): string => (row.kind === 'heading' ? `${row.title} ${row.count}` : (names[row.id] ?? ''));

it('who is here comes first, each by name', () => {
  const rows = panelRows(members, true, (id) => ({ name: names[id] ?? '', online: id !== '3' }), collator);
  expect(rows.map(word)).toEqual(['online 2', 'Ben', 'zoe', 'offline 1', 'ada']);
  expect(rows[1]).toMatchObject({ owner: true });
});

it('without a connection nobody is said to be here or not', () => {
  const rows = panelRows(members, true, (id) => ({ name: names[id] ?? '', online: null }), collator);
  expect(rows.map(word)).toEqual(['ada', 'Ben', 'zoe']);
});

it('of a list that is not whole nothing is counted', () => {
  const rows = panelRows(members, false, (id) => ({ name: names[id] ?? '', online: true }), collator);
  expect(rows.map(word)).toEqual(['ada', 'Ben', 'zoe']);
});
