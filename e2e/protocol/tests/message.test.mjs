// Messages: sending, listing, reading marks, and everything missed.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { logIn, signUp } from '../../harness/http.mjs';
import { until } from '../../harness/wait.mjs';
import {
  allSeen,
  ask,
  call,
  clientId,
  connect,
  general,
  history,
  refuses,
  seen,
  settled,
  WAYS_IN,
} from '../lib/client.mjs';
import { onBothDatabases, sqlite } from '../lib/world.mjs';

onBothDatabases('messages', (start) => {
  const world = start({ HEARTH_RATE_LIMITS: 'off' });
  let people = 0;
  async function somebody(transports) {
    const account = await signUp(world.server, `writer${(people += 1)}`);
    return { ...account, socket: await connect(world.server, { cookie: account.cookie, transports }) };
  }
  async function conversation(...members) {
    const [first, ...others] = members;
    return call(first.socket, 'user:reach', { userIds: others.map((other) => other.id) });
  }

  test('a message is one and the same for its writer, its reader and the history', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channel = await conversation(ada, ben);
    const id = clientId();
    const content = 'Grüße, 👋🏽 \u05e9\u05dc\u05d5\u05dd\n"quoted" <b>not markup</b> \u0000'.replace('\u0000', '');
    const sent = await call(ada.socket, 'message:send', { channelId: channel.id, content, clientId: id });
    assert.deepEqual(Object.keys(sent).sort(), ['createdAt', 'id', 'rev', 'seq']);
    const live = await seen(ben.socket, 'message:sent');
    assert.equal(live.content, content);
    assert.equal(live.from, ada.id);
    assert.equal(live.clientId, id);
    assert.deepEqual([live.id, live.rev, live.createdAt], [sent.id, sent.rev, sent.createdAt]);
    const [listed] = await history(ben.socket, channel.id);
    assert.deepEqual(listed, live);
    await settled(ada.socket);
    assert.deepEqual(allSeen(ada.socket, 'message:sent'), [], 'the ack takes the place of the event');
  });

  test('a command that asks for no answer is carried out all the same', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channelId = (await conversation(ada, ben)).id;
    ada.socket.emit('message:send', { channelId, content: 'no answer, please' });
    ada.socket.emit('message:send', { channelId, content: '' });
    ada.socket.emit('no:such');
    assert.equal((await seen(ben.socket, 'message:sent')).content, 'no answer, please');
    await settled(ada.socket);
    assert.deepEqual(
      (await history(ada.socket, channelId)).map((message) => message.content),
      ['no answer, please'],
    );
  });

  test('the same clientId twice stores one message and gives the same answer', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channel = await conversation(ada, ben);
    const message = { channelId: channel.id, content: 'once', clientId: clientId() };
    const [first, second] = await Promise.all([
      ask(ada.socket, 'message:send', message),
      ask(ada.socket, 'message:send', message),
    ]);
    const third = await ask(ada.socket, 'message:send', message);
    const phone = await connect(world.server, {
      cookie: await logIn(world.server, ada.username),
      transports: ['polling'],
    });
    const fourth = await ask(phone, 'message:send', message);
    for (const repeat of [second, third, fourth]) {
      const { repeated, ...same } = repeat.data;
      assert.equal(repeated, true);
      assert.deepEqual(same, first.data);
    }
    assert.equal(first.data.repeated, undefined);
    await refuses('CONFLICT', ada.socket, 'message:send', { ...message, content: 'something else' });
    assert.equal((await history(ada.socket, channel.id)).length, 1);
    await settled(ben.socket);
    assert.equal(allSeen(ben.socket, 'message:sent').length, 1);
    const theirs = await call(ben.socket, 'message:send', { ...message, content: 'mine' });
    assert.notEqual(theirs.id, first.data.id, 'a clientId is its author’s own');
  });

  test('what is no message is refused and says where', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channelId = (await conversation(ada, ben)).id;
    const refused = {
      'empty content': { channelId, content: '' },
      'too long content': { channelId, content: 'x'.repeat(5001) },
      'no content': { channelId },
      'content that is a number': { channelId, content: 1 },
      'a clientId with a space': { channelId, content: 'x', clientId: 'a b' },
      'a clientId of 65': { channelId, content: 'x', clientId: 'a'.repeat(65) },
      'an unknown field': { channelId, content: 'x', from: ben.id },
      'a channel id that is none': { channelId: 'General', content: 'x' },
      'no object': 'text',
      nothing: undefined,
      null: null,
    };
    for (const [what, payload] of Object.entries(refused)) {
      const answer = await refuses('INVALID', ada.socket, 'message:send', ...(payload === undefined ? [] : [payload]));
      assert.ok(answer.errors?.length, what);
    }
    assert.deepEqual(await history(ada.socket, channelId), []);
    await call(ada.socket, 'message:send', { channelId, content: '👋'.repeat(5000) });
    await refuses('INVALID', ada.socket, 'no:such-command', { channelId });
    await refuses('INVALID', ada.socket, '__proto__', {});
  });

  test('pages go both ways and do not skip', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channelId = (await conversation(ada, ben)).id;
    for (let n = 1; n <= 25; n += 1) await call(ada.socket, 'message:send', { channelId, content: `line ${n}` });
    for (const [orderBy, ids] of Object.entries({
      'id:asc': Array.from({ length: 25 }, (_, n) => String(n + 1)),
      'id:desc': Array.from({ length: 25 }, (_, n) => String(25 - n)),
    })) {
      const got = [];
      for (let after; ;) {
        const page = await ask(ben.socket, 'message:list', { channelId, orderBy, ...(after ? { after } : {}) });
        assert.ok(page.data.length <= 10);
        got.push(...page.data.map((message) => message.id));
        if (!page.hasMore) break;
        after = page.data.at(-1).id;
      }
      assert.deepEqual(got, ids, orderBy);
    }
  });

  test('reading goes forward only, and the other devices see it', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channelId = (await conversation(ada, ben)).id;
    for (let n = 1; n <= 5; n += 1) await call(ada.socket, 'message:send', { channelId, content: `line ${n}` });
    const phone = await connect(world.server, { cookie: await logIn(world.server, ben.username) });
    const unread = async () =>
      (await call(phone, 'channel:list', { size: 100 })).find((one) => one.id === channelId).unreadCount;
    assert.equal(await unread(), 5);
    await call(ben.socket, 'message:ack', { channelId, messageId: '3' });
    await seen(phone, 'message:read', (event) => event.marks[ben.id] === '3');
    assert.equal(await unread(), 2);
    await call(ben.socket, 'message:ack', { channelId, messageId: '1' });
    assert.equal(await unread(), 2, 'never backwards');
    await call(ben.socket, 'message:ack', { channelId, messageId: '999999' });
    assert.equal(await unread(), 0, 'never past the end');
    await call(ada.socket, 'message:send', { channelId, content: 'line 6' });
    assert.equal(await unread(), 1);
    const own = (await call(ada.socket, 'channel:list', { size: 100 })).find((one) => one.id === channelId);
    assert.equal(own.unreadCount, 0, 'what one wrote oneself is read');
  });

  test('who was away gets everything missed, in every channel, in order', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const direct = await conversation(ada, ben);
    const room = await call(ada.socket, 'channel:create', { name: `Away ${people}` });
    await call(ben.socket, 'channel:join', { channelId: room.id });
    const everybody = await general(ada.socket);
    const cursors = Object.fromEntries(
      (await call(ben.socket, 'channel:list', { size: 100 })).map((channel) => [channel.id, channel.rev]),
    );
    const { epoch } = await call(ben.socket, 'message:sync', { channels: cursors });
    ben.socket.disconnect();

    const missed = {};
    for (const channel of [direct, room, everybody]) {
      missed[channel.id] = [];
      for (let n = 1; n <= 20; n += 1) {
        const content = `missed ${n}`;
        const { id } = await call(ada.socket, 'message:send', { channelId: channel.id, content });
        missed[channel.id].push([id, content]);
      }
    }
    const other = await somebody();
    const fresh = await conversation(other, ben);
    await call(other.socket, 'message:send', { channelId: fresh.id, content: 'you do not know me yet' });

    const back = await connect(world.server, { cookie: ben.cookie });
    const got = await call(back, 'message:sync', { channels: cursors });
    assert.equal(got.epoch, epoch);
    for (const [channelId, messages] of Object.entries(missed)) {
      const channel = got.channels[channelId];
      assert.equal(channel.truncated, false);
      assert.deepEqual(
        channel.messages.map((message) => [message.id, message.content]),
        messages,
      );
      assert.deepEqual(channel.head, { seq: Number(messages.at(-1)[0]), rev: channel.messages.at(-1).rev });
      assert.equal(channel.channel.unreadCount, 20);
    }
    assert.deepEqual(
      got.joined.map((channel) => channel.id),
      [fresh.id],
    );
    assert.deepEqual(got.left, []);
    assert.deepEqual(got.again, []);

    const heads = Object.fromEntries(Object.entries(got.channels).map(([id, channel]) => [id, channel.head.rev]));
    const nothing = await call(back, 'message:sync', { channels: heads });
    for (const channel of Object.values(nothing.channels)) assert.deepEqual(channel.messages, []);
  });

  test('a gap that is too long is said, never hidden', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channelId = (await conversation(ada, ben)).id;
    await Promise.all(
      Array.from({ length: 301 }, (_, n) => call(ada.socket, 'message:send', { channelId, content: `${n}` })),
    );
    const sync = async (rev) =>
      (await call(ben.socket, 'message:sync', { channels: { [channelId]: rev } })).channels[channelId];
    const far = await sync(0);
    assert.deepEqual([far.truncated, far.messages.length, far.head.rev], [true, 0, 301]);
    const near = await sync(1);
    assert.deepEqual([near.truncated, near.messages.length], [false, 300]);
    const ahead = await sync(302);
    assert.deepEqual([ahead.truncated, ahead.messages.length], [true, 0], 'a cursor from another life of the database');
  });

  test('a channel that one is no longer in is named as left', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const room = await call(ada.socket, 'channel:create', { name: `Left ${people}` });
    await call(ben.socket, 'channel:join', { channelId: room.id });
    await call(ben.socket, 'channel:leave', { channelId: room.id });
    const got = await call(ben.socket, 'message:sync', { channels: { [room.id]: 0 } });
    assert.deepEqual(got.left, [room.id]);
    assert.equal(got.channels[room.id], undefined);
  });

  for (const [way, transports] of Object.entries(WAYS_IN)) {
    test(`what one socket sends over ${way} keeps its order`, async () => {
      const [ada, ben] = [await somebody(transports), await somebody(transports)];
      const channelId = (await conversation(ada, ben)).id;
      await Promise.all(
        Array.from({ length: 100 }, (_, n) => call(ada.socket, 'message:send', { channelId, content: `${n}` })),
      );
      await until('all to arrive', () => allSeen(ben.socket, 'message:sent').length === 100);
      const wanted = Array.from({ length: 100 }, (_, n) => `${n}`);
      assert.deepEqual(
        allSeen(ben.socket, 'message:sent').map((message) => message.content),
        wanted,
      );
      assert.deepEqual(
        (await history(ada.socket, channelId)).map((message) => message.content),
        wanted,
      );
    });
  }
});

describe('a burst', () => {
  const world = sqlite({ HEARTH_RATE_LIMITS: 'off' });

  test('200 bursts of 100 messages on one socket are handled in order', async () => {
    const account = await signUp(world.server, 'busy');
    const socket = await connect(world.server, { cookie: account.cookie });
    const channelId = (await general(socket)).id;
    let last = 0;
    for (let burst = 0; burst < 200; burst += 1) {
      const sent = Array.from({ length: 100 }, (_, n) =>
        call(socket, 'message:send', { channelId, content: `${burst}.${n}` }),
      );
      for (const { seq } of await Promise.all(sent)) {
        assert.equal(seq, last + 1);
        last = seq;
      }
    }
    assert.equal(last, 20_000);
    const page = await ask(socket, 'message:list', { channelId, after: '9990', size: 20 });
    assert.deepEqual(
      page.data.map((message) => message.content),
      Array.from({ length: 20 }, (_, n) => {
        const at = 9990 + n;
        return `${Math.floor(at / 100)}.${at % 100}`;
      }),
    );
  });
});

describe('with the limits of a real server', () => {
  const world = sqlite();

  test('who sends too fast is told so and loses nothing', async () => {
    const [fast, calm] = [await signUp(world.server, 'fast'), await signUp(world.server, 'calm')];
    const socket = await connect(world.server, { cookie: fast.cookie });
    const channelId = (await general(socket)).id;
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        ask(socket, 'message:send', { channelId, content: `${n}`, clientId: clientId() }),
      ),
    );
    const stored = answers.filter((answer) => answer.status === 'OK');
    const limited = answers.filter((answer) => answer.status === 'ERROR');
    assert.ok(stored.length >= 20, 'the burst that is allowed');
    assert.ok(limited.length > 0);
    for (const answer of limited) {
      assert.equal(answer.code, 'RATE_LIMITED');
      assert.ok(answer.retryAfterMs > 0);
    }
    assert.equal((await history(socket, channelId)).length, stored.length, 'what was refused is not stored');
    const other = await connect(world.server, { cookie: calm.cookie });
    await call(other, 'message:send', { channelId, content: 'others are not slowed down' });
  });
});
