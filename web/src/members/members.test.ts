import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ChannelMember } from '../protocol';
import { NOBODY, reduceMembers, seenBy, type Members, type MembersAction } from './members';

const row = (id: string, readUpTo = 0): ChannelMember => ({
  id,
  username: id,
  displayName: id,
  isOnline: false,
  role: 'member',
  readUpTo,
});
const page = (rows: ChannelMember[], about: { first?: boolean; more?: boolean } = {}): MembersAction => ({
  type: 'page',
  rows,
  first: true,
  more: false,
  ...about,
});
const after = (...actions: MembersAction[]): Members => actions.reduce(reduceMembers, NOBODY);
const ids = (members: Members): string[] => [...members.byId.keys()].toSorted();

describe('the list', () => {
  it('grows by pages, and knows when it is whole', () => {
    const begun = after(page([row('a'), row('b')], { more: true }));
    expect(begun).toMatchObject({ complete: false, last: 'b' });
    const whole = reduceMembers(begun, page([row('c')], { first: false }));
    expect(whole).toMatchObject({ complete: true, last: 'c' });
    expect(ids(whole)).toEqual(['a', 'b', 'c']);
  });

  it('that begins anew forgets who left meanwhile, and takes no mark back', () => {
    const before = after(page([row('a'), row('b', 3)]), { type: 'read', marks: new Map([['b', 9]]) });
    const anew = reduceMembers(before, page([row('b', 5)]));
    expect(ids(anew)).toEqual(['b']);
    expect(anew.byId.get('b')?.readUpTo).toBe(9);
  });

  it('follows who comes and leaves', () => {
    const members = after(page([row('a')]), { type: 'came', userId: 'b' }, { type: 'left', userId: 'a' });
    expect(ids(members)).toEqual(['b']);
  });
});

describe('marks', () => {
  it('only rise, whatever the order in which they are told', () => {
    const mark = fc.record({ id: fc.constantFrom('a', 'b'), seq: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(mark), (told) => {
        const actions = told.map(({ id, seq }): MembersAction => ({ type: 'read', marks: new Map([[id, seq]]) }));
        const members = after(page([row('a'), row('b')]), ...actions);
        for (const id of ['a', 'b']) {
          const highest = Math.max(0, ...told.filter((one) => one.id === id).map((one) => one.seq));
          expect(members.byId.get(id)?.readUpTo).toBe(highest);
        }
      }),
    );
  });

  it('tell who has seen a message, without oneself', () => {
    const members = after(page([row('me', 9), row('a', 5), row('b', 4)]));
    expect(seenBy(members, 5, 'me')).toEqual(['a']);
  });
});

it('what changes nothing is the same object', () => {
  const members = after(page([row('a', 5)]));
  const idle: MembersAction[] = [
    { type: 'came', userId: 'a' },
    { type: 'left', userId: 'b' },
    { type: 'read', marks: new Map([['a', 4]]) },
    { type: 'read', marks: new Map([['b', 9]]) },
  ];
  for (const action of idle) expect(reduceMembers(members, action)).toBe(members);
});
