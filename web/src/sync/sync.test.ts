import { beforeEach, describe, expect, test, vi } from 'vitest';

import { dispatch } from './dispatch';
import { asMessage, FakeServer, FakeWorld } from './server.fixture';
import { Sync } from './sync';

let server: FakeServer;
let world: FakeWorld;
let epoch: string | null;
let connected: boolean;
const silent = vi.fn<() => void>();

function makeSync(): { sync: Sync; finished: ReturnType<typeof vi.fn> } {
  const finished = vi.fn<() => void>();
  const sync = new Sync({
    world,
    connected: () => connected,
    sync: (payload) => server.sync(payload),
    epoch: () => epoch,
    setEpoch: (told) => {
      epoch = told;
    },
    finished,
    silent,
  });
  return { sync, finished };
}

/** One pass, from beginning to end. */
async function syncOnce(): Promise<Sync> {
  const { sync, finished } = makeSync();
  sync.restart();
  await vi.waitFor(() => expect(finished).toHaveBeenCalled());
  return sync;
}

beforeEach(() => {
  server = new FakeServer();
  world = new FakeWorld();
  epoch = null;
  connected = true;
  silent.mockClear();
});

describe('first visit', () => {
  test('brings all channels in one answer', async () => {
    for (let made = 0; made < 230; made++) server.add(`channel ${made}`, 1);
    await syncOnce();
    expect(world.timelines.size).toBe(230);
    expect(world.isComplete()).toBe(true);
    expect(server.requests).toStrictEqual([{}]);
  });

  test('brings them in as many answers as they need', async () => {
    for (let made = 0; made < 230; made++) server.add(`channel ${made}`, 1);
    server.joins = 100;
    server.room = 60;
    await syncOnce();
    expect(world.timelines.size).toBe(230);
    expect(world.isComplete()).toBe(true);
  });
});

describe('after being away', () => {
  test('everything missed arrives, in every channel, edits of what is shown too', async () => {
    const general = server.add('general', 3);
    const other = server.add('other', 2);
    await syncOnce();
    world.reduce('general', general.older(4, 50));

    general.send();
    general.edit(2);
    other.send();
    await syncOnce();
    expect(world.timelines.get('general')?.rows).toMatchObject([
      { seq: 1 },
      { seq: 2, content: 'edited at 5' },
      { seq: 3 },
      { seq: 4 },
    ]);
    expect(world.shown('other')).toStrictEqual([3]);
    expect(world.isComplete()).toBe(true);
  });

  test('a channel that one was added to appears, one that one was removed from goes', async () => {
    server.add('general', 1);
    server.add('old', 1);
    await syncOnce();
    server.mine.delete('old');
    server.add('direct', 1);
    await syncOnce();
    expect([...world.timelines.keys()]).toStrictEqual(['general', 'direct']);
  });

  test('what does not fit into an answer is asked for again', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const channels = ids.map((id) => server.add(id, 2));
    await syncOnce();
    for (const channel of channels) for (let made = 0; made < 7; made++) channel.send();
    server.room = 2;
    server.rows = 3;
    await syncOnce();
    for (const id of ids) expect(world.shown(id), id).toStrictEqual([3, 4, 5, 6, 7, 8, 9]);
  });

  test('so many channels that answers overflow with those that were not asked for come to an end', async () => {
    for (let made = 0; made < 30; made++) server.add(`channel ${made}`);
    await syncOnce();
    for (let made = 30; made < 90; made++) server.add(`channel ${made}`);
    for (const channel of server.channels.values()) channel.send();
    server.joins = 7;
    server.room = 11;
    await syncOnce();
    expect(world.timelines.size).toBe(90);
    expect(world.isComplete()).toBe(true);
  });

  test('more channels than one request may name are asked for in several', async () => {
    const channels = Array.from({ length: 1_100 }, (_, at) => server.add(`channel ${at}`));
    await syncOnce();
    for (const channel of channels) channel.send();
    server.requests.length = 0;
    await syncOnce();
    expect(server.requests.map((one) => Object.keys(one).length)).toStrictEqual([500, 500, 100]);
    expect(channels.every((_, at) => world.shown(`channel ${at}`).length === 1)).toBe(true);
  });

  test('another epoch drops the cache and reads everything anew', async () => {
    server.add('general', 5);
    await syncOnce();
    server.channels.clear();
    server.add('general', 2);
    server.epoch = 'second';
    await syncOnce();
    await vi.waitFor(() => expect(world.timelines.get('general')?.cursor).toBe(2));
    expect(epoch).toBe('second');
  });
});

describe('while connected', () => {
  test('a gap in the events is repaired', async () => {
    const general = server.add('general');
    const sync = await syncOnce();
    general.send();
    const second = asMessage(general.send(), 'general');
    expect(dispatch(world, { name: 'message:sent', data: second })).toBe(true);
    sync.request();
    await vi.waitFor(() => expect(world.shown('general')).toStrictEqual([1, 2]));
  });

  test('a message in a channel that is not known here asks for a sync', () => {
    const message = asMessage(server.add('unknown').send(), 'unknown');
    expect(dispatch(world, { name: 'message:sent', data: message })).toBe(true);
  });

  test('heads that are ahead, or of an unknown channel, ask for a sync; others do not', async () => {
    server.add('general', 2);
    await syncOnce();
    expect(dispatch(world, { name: 'heads', data: { general: { seq: 2, rev: 2 } } })).toBe(false);
    expect(dispatch(world, { name: 'heads', data: { unknown: { seq: 2, rev: 2 } } })).toBe(true);
    expect(dispatch(world, { name: 'heads', data: { general: { seq: 3, rev: 3 } } })).toBe(true);
  });

  test('whoever sends a message is not typing any more', async () => {
    const general = server.add('general');
    await syncOnce();
    const typing = vi.spyOn(world, 'typing');
    dispatch(world, { name: 'message:sent', data: asMessage(general.send(), 'general') });
    expect(typing).toHaveBeenCalledWith('general', 'other', false);
  });

  test('a request while one runs makes another one after it', async () => {
    server.add('general');
    const sync = await syncOnce();
    server.requests.length = 0;
    sync.request();
    sync.request();
    sync.request();
    await vi.waitFor(() => expect(server.requests).toHaveLength(2));
  });
});

describe('a server in trouble', () => {
  test('is asked again after a while', async () => {
    server.add('general', 1);
    await syncOnce();
    server.refusals.push({ code: 'BUSY', message: 'busy', fields: {}, retryAfterMs: 10 });
    server.channels.get('general')?.send();
    const { sync } = makeSync();
    sync.restart();
    await vi.waitFor(() => expect(world.shown('general')).toStrictEqual([2]), { timeout: 5_000 });
  });

  test('that does not answer is given up', async () => {
    server.add('general', 1);
    await syncOnce();
    server.refusals.push({ code: 'NETWORK', message: 'timeout', fields: {}, retryAfterMs: null });
    makeSync().sync.restart();
    await vi.waitFor(() => expect(silent).toHaveBeenCalledOnce());
  });

  test('an answer of the connection before this one is not applied', async () => {
    const general = server.add('general', 1);
    await syncOnce();
    let release: () => void = () => undefined;
    server.hold = new Promise((resolve) => {
      release = resolve;
    });
    general.send();
    const { sync } = makeSync();
    sync.restart();
    await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(0));
    sync.stop();
    release();
    await Promise.resolve();
    expect(world.shown('general')).toStrictEqual([]);
  });
});
