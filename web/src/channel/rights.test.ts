import { describe, expect, it } from 'vitest';

import type { OwnUser, Role } from '../protocol';
import type { Row } from '../timeline/row';
import { hasLink, mayDelete, mayEdit, mayManage } from './rights';

const ada: OwnUser = { id: 'ada', username: 'ada', displayName: 'Ada', role: 'member', settings: {} };
const serverOwner: OwnUser = { ...ada, id: 'olga', role: 'owner' };
const row = (about: Partial<Row> = {}): Row => ({
  key: 's:1',
  state: 'sent',
  channelId: 'c',
  seq: 1,
  from: 'ada',
  content: 'x',
  createdAt: 0,
  editedAt: null,
  deletedAt: null,
  clientId: null,
  refusal: null,
  ...about,
});
const channel = (role: Role, about: { direct?: boolean; private?: boolean } = {}) => ({
  role,
  direct: false,
  private: false,
  ...about,
});

describe('a channel', () => {
  it('is managed by its owner, and not by a member', () => {
    expect(mayManage(channel('owner'), ada)).toBe(true);
    expect(mayManage(channel('member'), ada)).toBe(false);
  });
  it('that is public is managed by the server’s owner, and one that is private is not', () => {
    expect(mayManage(channel('member'), serverOwner)).toBe(true);
    expect(mayManage(channel('member', { private: true }), serverOwner)).toBe(false);
  });
  it('that is a direct conversation is managed by nobody', () => {
    expect(mayManage(channel('owner', { direct: true, private: true }), serverOwner)).toBe(false);
  });
});

describe('a message', () => {
  it('is edited by its author, and not by the owner of the channel', () => {
    expect(mayEdit(row(), ada)).toBe(true);
    expect(mayEdit(row({ from: 'ben' }), ada)).toBe(false);
  });
  it('is deleted by its author and by the owner of the channel, and not by others', () => {
    expect(mayDelete(row(), channel('member'), ada)).toBe(true);
    expect(mayDelete(row({ from: 'ben' }), channel('owner'), ada)).toBe(true);
    expect(mayDelete(row({ from: 'ben' }), channel('member'), ada)).toBe(false);
  });
  it('that is on its way is edited and deleted by its author, and has no link', () => {
    const pending = row({ state: 'pending', seq: null });
    expect([mayEdit(pending, ada), mayDelete(pending, channel('member'), ada), hasLink(pending)]).toEqual([
      true,
      true,
      false,
    ]);
  });
  it.each([
    ['was refused', row({ state: 'failed', seq: null })],
    ['was deleted', row({ deletedAt: 1 })],
  ])('that %s is neither edited nor deleted', (_what, one) => {
    expect(mayEdit(one, ada)).toBe(false);
    expect(mayDelete(one, channel('owner'), ada)).toBe(false);
  });
});
