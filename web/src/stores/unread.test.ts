import 'fake-indexeddb/auto';
import { describe, expect, test, vi } from 'vitest';
import { useChannelsStore } from './channels';
import { closeTab, openTab, person, range, serveEachTest, server, show } from './tab.fixture';
import { useTimelinesStore } from './timelines';

vi.mock('../net/link', async () => ({ Link: (await import('./server.fixture')).FakeLink }));
vi.mock('../net/http', { spy: true });

serveEachTest();

describe('unread', () => {
  test('in one channel makes no other item anew', async () => {
    server.add('general');
    server.add('other');
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().channels).toHaveLength(2));
    const [general, other] = useChannelsStore().channels;
    server.says('general');
    expect(useChannelsStore().channels[0]).not.toBe(general);
    expect(useChannelsStore().channels[1]).toBe(other);
  });

  test('counts what others write, and reading the end clears it', async () => {
    server.add('general', 1);
    server.add('other');
    server.marks.set('general', 1);
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().loaded).toBe(true));
    server.says('general');
    server.says('general');
    expect(useChannelsStore().byId('general')).toMatchObject({ unread: 2, lamp: true });
    expect(useChannelsStore().totalUnread).toBe(2);

    show('general');
    useTimelinesStore().reading('general', true);
    await vi.waitFor(() => expect(useChannelsStore().byId('general')?.unread).toBe(0), { timeout: 3_000 });
    await vi.waitFor(() => expect(server.marks.get('general')).toBe(3));
  });

  test('is cleared by reading on another device', async () => {
    server.add('general', 4);
    await openTab();
    await vi.waitFor(() => expect(useChannelsStore().byId('general')?.unread).toBe(4));
    server.tell({ name: 'message:read', data: { channelId: 'general', marks: { [server.ada.id]: '4', ben: '2' } } });
    expect(useChannelsStore().byId('general')?.unread).toBe(0);
  });

  test('an own message makes no divider, one that nobody looked at does, and it stays', async () => {
    server.add('general', 2);
    server.marks.set('general', 2);
    await openTab();
    const { view } = show('general');
    await vi.waitFor(() => expect(view().ready).toBe(true));
    useTimelinesStore().reading('general', true);

    await useTimelinesStore().send('general', 'mine');
    await vi.waitFor(() => expect(view().headSeq).toBe(3));
    server.says('general');
    expect(view().dividerAfter).toBeNull();
    await vi.waitFor(() => expect(view().readUpTo).toBe(4), { timeout: 3_000 });

    person.attentive = false;
    server.says('general');
    expect(view().dividerAfter).toBe(4);
    person.attentive = true;
    window.dispatchEvent(new Event('focus'));
    await vi.waitFor(() => expect(view().readUpTo).toBe(5), { timeout: 3_000 });
    expect(view().dividerAfter).toBe(4);
  });
});

describe('a divider', () => {
  test('stands above what was missed, but not above what was read on another device or written by oneself', async () => {
    const general = server.add('general', 1);
    server.marks.set('general', 1);
    await openTab();
    const { view, seqs } = show('general');
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1]));

    server.cut();
    general.send('ben');
    general.send(server.ada.id, 'from another device');
    server.marks.set('general', 3);
    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1, 2, 3]));
    expect(view().dividerAfter).toBeNull();

    server.cut();
    general.send('ben');
    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual([1, 2, 3, 4]));
    expect(view().dividerAfter).toBe(3);
  });

  /** Leaves the newest messages of a channel in the browser, with more unread than is kept, and comes back offline. */
  async function backWithMoreUnreadThanKept(unread = 110) {
    server.add('general', 10);
    server.marks.set('general', 10);
    await openTab();
    await vi.waitFor(() => expect(show('general').seqs()).toStrictEqual(range(1, 10)));
    useChannelsStore().open(null);
    for (let missed = 0; missed < unread; missed++) server.says('general');
    await closeTab();
    server.up = false;
    await openTab();
    const shown = show('general');
    expect(shown.seqs()).toStrictEqual(range(unread - 39, unread + 10));
    useTimelinesStore().reading('general', true);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(shown.view()).toMatchObject({ readUpTo: 10, dividerAfter: 10 });
    return shown;
  }

  test('above what is kept is loaded once the server is there, and nothing counts as read before that', async () => {
    const { view, seqs } = await backWithMoreUnreadThanKept();
    server.mend();
    await vi.waitFor(() => expect(seqs()).toStrictEqual(range(1, 120)));
    expect(view()).toMatchObject({ readUpTo: 10, dividerAfter: 10, ready: true });
    await vi.waitFor(() => expect(server.marks.get('general')).toBe(120), { timeout: 3_000 });
  });

  test('far above what is kept is gone to once the server is there', async () => {
    const { view, seqs } = await backWithMoreUnreadThanKept(250);
    server.mend();
    await vi.waitFor(() => expect(seqs()).toContain(11));
    expect(view()).toMatchObject({ readUpTo: 10, dividerAfter: 10, hasNewer: true });
  });

  test('above what is kept is not loaded if that was read on another device meanwhile', async () => {
    const { view, seqs } = await backWithMoreUnreadThanKept();
    server.marks.set('general', 120);
    server.mend();
    await vi.waitFor(() => expect(view()).toMatchObject({ readUpTo: 120, dividerAfter: null }));
    expect(seqs()).toStrictEqual(range(71, 120));
  });

  test('above what is kept does not hold up whoever goes to the end', async () => {
    const { view } = await backWithMoreUnreadThanKept();
    await useTimelinesStore().jumpToEnd('general');
    await vi.waitFor(() => expect(view().readUpTo).toBe(120), { timeout: 3_000 });
  });
});
