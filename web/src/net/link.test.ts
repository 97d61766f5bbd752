import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { ServerEvent } from '../protocol';
import { Link, type LinkStatus } from './link';

/** A socket of socket.io-client, as far as the link uses one; the test is its server. */
class FakeSocket {
  readonly heard = new Map<string, (...args: unknown[]) => void>();
  any: (name: string, data: unknown) => void = () => undefined;
  closed = false;
  readonly sent: [string, unknown][] = [];
  readonly acks: ((answer: unknown) => void)[] = [];
  deadline = Infinity;
  readonly volatile = { emit: (name: string, payload: unknown) => this.sent.push([name, payload]) };

  on(name: string, act: (...args: unknown[]) => void): void {
    this.heard.set(name, act);
  }
  onAny(act: (name: string, data: unknown) => void): void {
    this.any = act;
  }
  off(): void {
    this.heard.clear();
  }
  offAny(): void {
    this.any = () => undefined;
  }
  disconnect(): void {
    this.closed = true;
  }
  timeout(deadline: number): this {
    this.deadline = deadline;
    return this;
  }
  emitWithAck(name: string, payload: unknown): Promise<unknown> {
    this.sent.push([name, payload]);
    return new Promise((resolve, reject) => {
      this.acks.push(resolve);
      setTimeout(() => reject(new Error('operation has timed out')), this.deadline);
    });
  }
  tell(name: string, ...args: unknown[]): void {
    this.heard.get(name)?.(...args);
  }
}

const sockets: FakeSocket[] = [];
vi.mock('socket.io-client', () => ({
  io: () => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  },
}));

let statuses: LinkStatus[] = [];
let over = false;
const events: ServerEvent[] = [];
let link: Link;

function newest(): FakeSocket {
  return sockets.at(-1) ?? expect.fail('no socket');
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets.length = 0;
  events.length = 0;
  statuses = [];
  over = false;
  link = new Link({
    event: (event) => events.push(event),
    status: (status) => statuses.push(status),
    isOver: async () => over,
  });
  link.start();
});
afterEach(() => {
  link.stop();
  vi.useRealTimers();
});

describe('a command', () => {
  test('is not sent without a connection', async () => {
    const outcome = await link.command('channel:list', {});
    expect(outcome).toMatchObject({ ok: false, failure: { code: 'NETWORK' } });
    expect(newest().sent).toStrictEqual([]);
  });

  test('gets its answer, and a refusal with its fields', async () => {
    newest().tell('connect');
    const good = link.command('channel:list', {});
    const bad = link.command('channel:create', { name: '?' });
    newest().acks[0]?.({ status: 'OK', data: [], hasMore: false });
    const error = { path: 'name', code: 'invalid', message: 'too short' };
    newest().acks[1]?.({ status: 'ERROR', code: 'INVALID', message: 'no', errors: [error], retryAfterMs: 5 });
    expect(await good).toMatchObject({ ok: true, data: { data: [], hasMore: false } });
    expect(await bad).toStrictEqual({
      ok: false,
      failure: { code: 'INVALID', message: 'no', fields: { name: error }, retryAfterMs: 5 },
    });
  });

  test('without an answer is unknown after ten seconds', async () => {
    newest().tell('connect');
    const asked = link.command('channel:list', {});
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await asked).toMatchObject({ ok: false, failure: { code: 'NETWORK' } });
  });

  test('is given up with its connection, and not sent on the next', async () => {
    newest().tell('connect');
    const asked = link.command('message:send', { channelId: 'a', content: 'x' });
    newest().tell('disconnect', 'transport close');
    expect(await asked).toMatchObject({ ok: false, failure: { code: 'NETWORK' } });
    await vi.advanceTimersByTimeAsync(1_000);
    newest().tell('connect');
    expect(sockets).toHaveLength(2);
    expect(newest().sent).toStrictEqual([]);
  });
});

describe('a connection', () => {
  test('that is lost is made again, ever slower, and at once if asked', async () => {
    newest().tell('connect');
    newest().tell('disconnect', 'transport close');
    expect(statuses).toStrictEqual(['connecting', 'online', 'offline']);
    for (let attempts = 0; attempts < 8; attempts++) {
      await vi.advanceTimersByTimeAsync(4_000);
      newest().tell('connect_error', new Error('refused'));
    }
    const before = sockets.length;
    await vi.advanceTimersByTimeAsync(1_900);
    expect(sockets).toHaveLength(before);
    link.retryNow();
    expect(sockets).toHaveLength(before + 1);
    link.retryNow();
    expect(sockets).toHaveLength(before + 1);
  });

  test('that never comes about is given up', async () => {
    await vi.advanceTimersByTimeAsync(15_000);
    expect(newest().closed).toBe(true);
    expect(statuses.at(-1)).toBe('offline');
  });

  test.each([
    ['connect_error', new Error('Unauthorized')],
    ['disconnect', 'io server disconnect'],
  ])('that is refused (%s) stays down once the session is over', async (event, reason) => {
    over = true;
    newest().tell(event, reason);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
  });

  test('that was sent away is made again while the session lasts', async () => {
    newest().tell('connect');
    newest().tell('disconnect', 'io server disconnect');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets).toHaveLength(2);
  });

  test('to a server that is going down is made again when it said', async () => {
    newest().tell('connect');
    newest().any('server:draining', { retryAfterMs: 3_000 });
    newest().tell('disconnect', 'transport close');
    await vi.advanceTimersByTimeAsync(2_999);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(501);
    expect(sockets).toHaveLength(2);
  });

  test('that was given up tells nothing any more', () => {
    const first = newest();
    first.tell('connect');
    const { any } = first;
    any('user:connected', 'ann');
    link.bounce();
    first.any('user:connected', 'bob');
    expect(events).toStrictEqual([{ name: 'user:connected', data: 'ann' }]);
    expect(first.closed).toBe(true);
    expect(statuses).toStrictEqual(['connecting', 'online', 'connecting']);
  });

  test('tells events that it knows, and not those that it does not', () => {
    newest().any('from the future', {});
    newest().any('user:connected', 'ann');
    expect(events).toStrictEqual([{ name: 'user:connected', data: 'ann' }]);
  });
});
