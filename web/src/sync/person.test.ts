import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { done, failed, type Outcome } from '../net/outcome';
import { Marks } from './marks';
import { Reading } from './reading';
import { OthersTyping, OwnTyping } from './typing';
import { watchWake } from './wake';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('reading', () => {
  let attentive = true;
  let unread: number | null = 7;
  const read = vi.fn<(channelId: string, seq: number) => void>((_channelId, seq) => {
    if (unread !== null && seq >= unread) unread = null;
  });
  const reading = new Reading({ attentive: () => attentive, unreadEnd: () => unread, read });

  beforeEach(() => {
    reading.inView('general', false);
    attentive = true;
    unread = 7;
    read.mockClear();
  });

  test('takes half a second with the end in view', () => {
    reading.inView('general', true);
    vi.advanceTimersByTime(499);
    expect(read).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(read).toHaveBeenCalledExactlyOnceWith('general', 7);
  });

  test('does not happen in a tab that nobody looks at, and begins anew on coming back', () => {
    reading.inView('general', true);
    vi.advanceTimersByTime(400);
    attentive = false;
    reading.look();
    vi.advanceTimersByTime(5_000);
    expect(read).not.toHaveBeenCalled();

    attentive = true;
    reading.look();
    vi.advanceTimersByTime(499);
    expect(read).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(read).toHaveBeenCalledOnce();
  });

  test('does not happen after scrolling up', () => {
    reading.inView('general', true);
    vi.advanceTimersByTime(400);
    reading.inView('general', false);
    vi.advanceTimersByTime(5_000);
    expect(read).not.toHaveBeenCalled();
  });

  test('goes on with what arrives', () => {
    reading.inView('general', true);
    vi.advanceTimersByTime(500);
    unread = 8;
    reading.look();
    vi.advanceTimersByTime(500);
    expect(read).toHaveBeenLastCalledWith('general', 8);
  });
});

describe('read marks', () => {
  test('go one at a time, the latest only', async () => {
    const answers: ((outcome: Outcome<unknown>) => void)[] = [];
    const ack = vi.fn<(channelId: string, seq: number) => Promise<Outcome<unknown>>>(
      () => new Promise((resolve) => answers.push(resolve)),
    );
    const marks = new Marks({ connected: () => true, ack });
    for (const seq of [1, 2, 3, 2]) marks.raise('general', seq);
    expect(ack.mock.calls).toStrictEqual([['general', 1]]);
    answers[0]?.(done(null));
    await vi.advanceTimersByTimeAsync(0);
    expect(ack.mock.calls).toStrictEqual([
      ['general', 1],
      ['general', 3],
    ]);
  });

  test('set without a connection are told on the next one', () => {
    let connected = false;
    const ack = vi.fn<() => Promise<Outcome<unknown>>>(async () => done(null));
    const marks = new Marks({ connected: () => connected, ack });
    marks.raise('general', 4);
    expect(ack).not.toHaveBeenCalled();
    connected = true;
    marks.flush();
    expect(ack).toHaveBeenCalledExactlyOnceWith('general', 4);
  });

  test('refused for now are told again', async () => {
    const busy = failed({ code: 'BUSY', message: '', fields: {}, retryAfterMs: null });
    const ack = vi.fn<() => Promise<Outcome<unknown>>>(async () => done(null)).mockResolvedValueOnce(busy);
    const marks = new Marks({ connected: () => true, ack });
    marks.raise('general', 4);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(ack).toHaveBeenCalledTimes(2);
  });
});

describe('own typing', () => {
  const say = vi.fn<(channelId: string, isTyping: boolean) => void>();
  let typing = new OwnTyping(say);
  beforeEach(() => {
    say.mockClear();
    typing = new OwnTyping(say);
  });

  test('is said at the first key, every three seconds, and ends when idle', () => {
    for (let keys = 0; keys < 31; keys++) {
      typing.key('general');
      vi.advanceTimersByTime(200);
    }
    expect(say.mock.calls).toStrictEqual([
      ['general', true],
      ['general', true],
      ['general', true],
    ]);
    vi.advanceTimersByTime(1_500);
    expect(say.mock.lastCall).toStrictEqual(['general', false]);
    expect(say).toHaveBeenCalledTimes(4);
  });

  test('ends in one channel when it begins in another', () => {
    typing.key('general');
    typing.key('other');
    expect(say.mock.calls).toStrictEqual([
      ['general', true],
      ['general', false],
      ['other', true],
    ]);
  });

  test('ends once, and only where it is', () => {
    typing.key('general');
    typing.stop('other');
    typing.stop('general');
    typing.stop();
    vi.advanceTimersByTime(5_000);
    expect(say.mock.calls).toStrictEqual([
      ['general', true],
      ['general', false],
    ]);
  });
});

describe("others' typing", () => {
  test('ends by itself after six seconds', () => {
    const changed = vi.fn<(channelId: string, userIds: string[]) => void>();
    const typing = new OthersTyping(changed);
    typing.hear('general', 'ann', true);
    typing.hear('general', 'bob', true);
    vi.advanceTimersByTime(3_000);
    typing.hear('general', 'bob', true);
    vi.advanceTimersByTime(3_000);
    expect(changed.mock.lastCall).toStrictEqual(['general', ['bob']]);
    vi.advanceTimersByTime(3_000);
    expect(changed.mock.lastCall).toStrictEqual(['general', []]);
    expect(changed).toHaveBeenCalledTimes(4);
  });

  test('ends with the connection', () => {
    const changed = vi.fn<(channelId: string, userIds: string[]) => void>();
    const typing = new OthersTyping(changed);
    typing.hear('general', 'ann', true);
    typing.hear('general', 'bob', true);
    typing.clear();
    expect(changed.mock.lastCall).toStrictEqual(['general', []]);
  });
});

describe('waking up', () => {
  const woken = vi.fn<() => void>();
  const leaving = vi.fn<() => void>();
  const networkLost = vi.fn<() => void>();
  let end: () => void = () => undefined;
  let visibility: DocumentVisibilityState = 'visible';

  beforeEach(() => {
    woken.mockClear();
    leaving.mockClear();
    vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
    end = watchWake({ woken, leaving, networkLost, attention: () => undefined });
  });
  afterEach(() => {
    end();
  });

  function turn(to: DocumentVisibilityState): void {
    visibility = to;
    document.dispatchEvent(new Event('visibilitychange'));
  }

  test('is noticed after thirty seconds out of sight, not before', () => {
    turn('hidden');
    expect(leaving).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(29_999);
    turn('visible');
    expect(woken).not.toHaveBeenCalled();

    turn('hidden');
    vi.advanceTimersByTime(30_000);
    turn('visible');
    expect(woken).toHaveBeenCalledOnce();
  });

  test('a lost network is noticed before the connection says so', () => {
    window.dispatchEvent(new Event('offline'));
    expect(networkLost).toHaveBeenCalledOnce();
    expect(woken).not.toHaveBeenCalled();
  });

  test('is noticed when the network or the freezer lets go', () => {
    window.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('resume'));
    expect(woken).toHaveBeenCalledTimes(2);
  });
});
