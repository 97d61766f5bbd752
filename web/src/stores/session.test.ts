import 'fake-indexeddb/auto';
import { describe, expect, test, vi } from 'vitest';

import * as http from '../net/http';
import { done, failed, unreachable } from '../net/outcome';
import { useChannelsStore } from './channels';
import { useConnectionStore } from './connection';
import { rememberSelf } from './remembered';
import { useSessionStore } from './session';
import { openTab, range, serveEachTest, server, show } from './tab.fixture';
import { useTimelinesStore } from './timelines';

vi.mock('../net/link', async () => ({ Link: (await import('./server.fixture')).FakeLink }));
vi.mock('../net/http', { spy: true });

const nobody = failed({ code: 'UNAUTHENTICATED' as const, message: '', fields: {}, retryAfterMs: null });

serveEachTest();

describe('a lost connection', () => {
  test('is said after two seconds', async () => {
    await openTab();
    const connection = useConnectionStore();
    await vi.waitFor(() => expect(connection.status).toBe('online'));
    server.cut();
    expect(connection).toMatchObject({ status: 'offline', bannerVisible: false });
    await vi.waitFor(() => expect(connection.bannerVisible).toBe(true), { timeout: 4_000 });
    server.mend();
    expect(connection).toMatchObject({ status: 'online', bannerVisible: false });
  });

  test('loses nothing: what was missed comes in every channel, new ones too', async () => {
    const general = server.add('general', 1);
    await openTab();
    const { seqs } = show('general');
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1]));
    server.cut();
    general.send('ben');
    server.add('new', 3);
    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1, 2]));
    expect(useChannelsStore().byId('new')?.unread).toBe(3);
  });

  test('more than can be told: begins anew at the end', async () => {
    const general = server.add('general', 10);
    server.marks.set('general', 10);
    await openTab();
    const { view, seqs } = show('general');
    await vi.waitFor(() => expect(seqs()).toStrictEqual(range(1, 10)));
    server.cut();
    for (let missed = 0; missed < 400; missed++) general.send('ben');
    server.mend();
    await vi.waitFor(() => expect(view().headSeq).toBe(410));
    await vi.waitFor(() => expect(view().rows.length).toBeGreaterThan(0));
    expect(view().dividerAfter).toBe(10);
    expect(seqs()).toContain(11);
  });
});

describe('the session', () => {
  test('does not end without asking while something is unsent; then nothing is left', async () => {
    server.add('general');
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    server.cut();
    await useTimelinesStore().send('general', 'unsent');
    useChannelsStore().setDraft('general', 'half a', '#general');
    const session = useSessionStore();
    expect(await session.logOut()).toStrictEqual({ done: false, unsent: 1 });
    expect(session.state).toBe('signed-in');

    expect(await session.logOut({ discardUnsent: true })).toStrictEqual({ done: true });
    expect(session.state).toBe('signed-out');
    await openTab();
    expect(useTimelinesStore().view('general').rows).toStrictEqual([]);
    expect(useChannelsStore().draft('general')).toBe('');
  });

  test('that was ended elsewhere ends here when the connection is refused, and keeps what was written', async () => {
    server.add('general', 1);
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    server.cut();
    await useTimelinesStore().send('general', 'unsent');
    vi.mocked(http.fetchSelf).mockImplementation(async () => nobody);
    expect(await server.link?.ports.isOver()).toBe(true);
    expect(useSessionStore().state).toBe('signed-out');

    vi.mocked(http.fetchSelf).mockImplementation(async () => done(server.ada));
    server.up = true;
    await openTab();
    const { rows } = show('general');
    await vi.waitFor(() => expect(rows().map((row) => [row.content, row.state])).toContainEqual(['unsent', 'sent']));
  });

  test('goes on when the server cannot tell', async () => {
    await openTab();
    vi.mocked(http.fetchSelf).mockImplementation(async () => failed(unreachable('down')));
    expect(await server.link?.ports.isOver()).toBe(false);
    expect(useSessionStore().state).toBe('signed-in');
  });

  test('learns from General that the server was given away, also while it was not connected', async () => {
    server.add('general', 0, { name: 'General', role: 'owner' });
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    const become = (role: 'owner' | 'member'): void => {
      vi.mocked(http.fetchSelf).mockImplementation(async () => done({ ...server.ada, role }));
      server.described.set('general', { name: 'General', role });
    };
    become('member');
    const shared = { id: 'general', name: 'General', type: 'public', topic: null, userCount: 2 } as const;
    server.tell({ name: 'channel:updated', data: { ...shared, role: 'member' } });
    await vi.waitFor(() => expect(useSessionStore().self?.role).toBe('member'));
    server.cut();
    become('owner');
    server.mend();
    await vi.waitFor(() => expect(useSessionStore().self?.role).toBe('owner'));
  });

  test('sends nothing over a connection that is somebody else’s', async () => {
    server.add('general');
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    server.cut();
    await useTimelinesStore().send('general', 'by ada');
    // In another tab ben signs in: this browser's cookie is his.
    const other = { ...server.ada, id: 'ben', username: 'ben' };
    rememberSelf(other);
    vi.mocked(http.fetchSelf).mockImplementation(async () => done(other));
    server.mend();
    await vi.waitFor(() => expect(useSessionStore().self?.id).toBe('ben'));
    expect(server.asked).not.toContain('message:send');
  });

  test('ended without a connection is ended when there is one, before anybody is let in', async () => {
    await openTab();
    vi.mocked(http.logOut).mockImplementation(async () => failed(unreachable('down')));
    await useSessionStore().logOut();
    let over = false;
    vi.mocked(http.logOut).mockImplementation(async () => {
      over = true;
      return done(null);
    });
    vi.mocked(http.fetchSelf).mockImplementation(async () => (over ? nobody : done(server.ada)));
    await openTab();
    expect(useSessionStore().state).toBe('signed-out');
  });
});
