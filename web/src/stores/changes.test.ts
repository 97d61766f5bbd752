import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { ChannelMember } from '../protocol';
import type { Row } from '../timeline/row';
import { useChannelsStore } from './channels';
import { useEditingStore } from './editing';
import { useMembersStore } from './members';
import { openTab, serveEachTest, server } from './tab.fixture';
import { useTimelinesStore } from './timelines';

vi.mock('../net/link', async () => ({ Link: (await import('./server.fixture')).FakeLink }));
vi.mock('../net/http', { spy: true });

const rows = (): readonly Row[] => useTimelinesStore().view('general').rows;

serveEachTest();

/** General with two messages by Ben and one's own between them, shown. */
beforeEach(async () => {
  const general = server.add('general', 1);
  general.send(server.ada.id, 'own', 'mine');
  general.send('ben');
  await openTab();
  useChannelsStore().open('general');
  await vi.waitFor(() => expect(rows()).toHaveLength(3));
});

describe('editing', () => {
  test('begins with the newest own message, and shows what the server answers', async () => {
    const editing = useEditingStore();
    expect(editing.beginLast('general', server.ada.id)).toBe(true);
    expect(editing.current).toMatchObject({ row: { seq: 2 }, text: 'mine', fromComposer: true });
    if (editing.current) editing.current.text = '  mine, changed ';
    expect(await editing.save('mine')).toBe(true);
    expect(editing.current).toBeNull();
    expect(rows()[1]).toMatchObject({ content: 'mine, changed', editedAt: 2 });
  });

  test('that changes nothing asks nobody', async () => {
    const editing = useEditingStore();
    editing.beginLast('general', server.ada.id);
    expect(await editing.save('mine')).toBe(true);
    expect(server.asked).not.toContain('message:edit');
  });

  test('that is refused says why and keeps the text', async () => {
    const editing = useEditingStore();
    server.refusals.set('message:edit', { code: 'FORBIDDEN', message: 'no', fields: {}, retryAfterMs: null });
    editing.beginLast('general', server.ada.id);
    if (editing.current) editing.current.text = 'other';
    expect(await editing.save('mine')).toBe(false);
    expect(editing.current).toMatchObject({ text: 'other', busy: false, failure: { code: 'FORBIDDEN' } });
    expect(rows()[1]).toMatchObject({ content: 'mine', editedAt: null });
  });

  test('finds nothing to begin with where nothing is one’s own', () => {
    expect(useEditingStore().beginLast('general', 'nobody')).toBe(false);
  });
});

test('deleting happens only after it was asked and answered, and leaves a tombstone', async () => {
  const editing = useEditingStore();
  const [, own] = rows();
  if (own) editing.ask(own);
  editing.keep();
  await editing.remove();
  expect(server.asked).not.toContain('message:delete');

  if (own) editing.ask(own);
  expect(await editing.remove()).toMatchObject({ ok: true });
  expect(rows()[1]).toMatchObject({ content: '', deletedAt: 3 });
});

describe('members', () => {
  const member = (id: string, readUpTo: number): ChannelMember => ({
    id,
    username: id,
    displayName: id,
    isOnline: true,
    role: 'member',
    readUpTo,
  });

  test('are listed with how far they have read, which then is told live', async () => {
    server.members = [member(server.ada.id, 3), member('ben', 1), member('cleo', 3)];
    const members = useMembersStore();
    await members.load('general');
    expect(members.seen('general', 2)).toEqual(['cleo']);
    server.tell({ name: 'message:read', data: { channelId: 'general', marks: { ben: '2' } } });
    expect(members.seen('general', 2)).toEqual(['ben', 'cleo']);
    server.tell({ name: 'member:left', data: { channelId: 'general', userId: 'cleo' } });
    expect(members.seen('general', 2)).toEqual(['ben']);
  });

  test('that came and went while the connection was gone are found by the next one', async () => {
    server.members = [member('ben', 0)];
    const members = useMembersStore();
    await members.load('general');
    server.cut();
    server.members = [member('cleo', 0)];
    server.mend();
    await vi.waitFor(() => expect([...members.of('general').byId.keys()]).toEqual(['cleo']));
  });
});
