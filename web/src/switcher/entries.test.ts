import { expect, it } from 'vitest';

import type { User } from '../protocol';
import type { ChannelItem } from '../stores/channels';
import { entriesFor } from './entries';

const blank: ChannelItem = {
  id: '',
  direct: false,
  private: false,
  title: '',
  topic: null,
  users: [],
  userCount: 2,
  unread: 0,
  lamp: false,
  role: 'member',
  lastMessageAt: null,
  hasDraft: false,
};
const channel = (title: string, about: Partial<ChannelItem> = {}): ChannelItem => ({
  ...blank,
  id: title,
  title,
  ...about,
});
const person = (displayName: string): User => ({
  id: displayName,
  username: displayName.toLowerCase(),
  displayName,
  isOnline: false,
});
const titles = (...args: Parameters<typeof entriesFor>): string[] => entriesFor(...args).map(({ title }) => title);

it('without a query: what is unread, then the latest; not where one is', () => {
  const channels = [
    channel('here', { lastMessageAt: 9 }),
    channel('old', { lastMessageAt: 1 }),
    channel('new', { lastMessageAt: 8 }),
    channel('unread', { lastMessageAt: 2, unread: 1 }),
  ];
  expect(titles('', channels, [person('Ann')], 'here')).toEqual(['unread', 'new', 'old']);
});

it('finds channels and people together, the conversation before the person', () => {
  const ann = channel('Ann Lee', { direct: true, users: ['Ann Lee'] });
  const found = [person('Ann Lee'), person('Annika')];
  expect(titles('ann', [channel('planning'), ann], found, null)).toEqual(['Ann Lee', 'Annika', 'planning']);
});

it('finds somebody by the name they sign in with, without marking the other one', () => {
  const [entry] = entriesFor('bob', [], [{ ...person('Robert'), username: 'bob' }], null);
  expect(entry).toMatchObject({ title: 'Robert', marks: [] });
});

it('finds the one that is meant among a thousand channels', () => {
  const channels = Array.from({ length: 1_000 }, (_, n) => channel(`a channel with a long name, number ${n}`));
  expect(titles('number 999', channels, [], null)[0]).toContain('999');
});
