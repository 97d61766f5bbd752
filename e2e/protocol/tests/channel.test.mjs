// Channels, people, presence and typing.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { logIn, signUp } from '../../harness/http.mjs';
import { until } from '../../harness/wait.mjs';
import { allSeen, ask, call, connect, general, refuses, seen, settled } from '../lib/client.mjs';
import { onBothDatabases, sqlite } from '../lib/world.mjs';

onBothDatabases('channels', (start) => {
  const world = start();
  let people = 0;
  async function somebody() {
    const account = await signUp(world.server, `member${(people += 1)}`);
    return { ...account, socket: await connect(world.server, { cookie: account.cookie }) };
  }

  test('everybody is in General from the start, with nothing unread', async () => {
    const { socket: early } = await somebody();
    const channel = await general(early);
    await call(early, 'message:send', { channelId: channel.id, content: 'before you came' });
    const { socket: late } = await somebody();
    const theirs = await general(late);
    assert.equal(theirs.unreadCount, 0);
    assert.ok(theirs.seq > 0);
    const page = await ask(late, 'message:list', { channelId: channel.id });
    assert.ok(
      page.data.some((message) => message.content === 'before you came'),
      'the whole history',
    );
  });

  test('a new channel is found, joined and written in', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const made = await call(ada.socket, 'channel:create', { name: 'Reading room', topic: 'books' });
    assert.equal(made.type, 'public');
    assert.equal(made.userCount, 1);
    assert.equal(made.direct, false);
    assert.deepEqual(made.users, []);

    const [found] = await call(ben.socket, 'channel:search', { q: 'read' });
    assert.equal(found.id, made.id);
    assert.equal(found.role, null);
    const joined = await call(ben.socket, 'channel:join', { channelId: made.id });
    assert.equal(joined.userCount, 2);
    assert.notEqual(joined.role, null);
    assert.deepEqual(await seen(ada.socket, 'member:joined', (event) => event.channelId === made.id), {
      channelId: made.id,
      userId: ben.id,
    });
    await refuses('CONFLICT', ben.socket, 'channel:join', { channelId: made.id });

    const sent = await call(ben.socket, 'message:send', { channelId: made.id, content: 'hello' });
    const got = await seen(ada.socket, 'message:sent', (message) => message.channelId === made.id);
    assert.deepEqual([got.id, got.from, got.content], [sent.id, ben.id, 'hello']);
  });

  test('who left gets nothing more and cannot write', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const made = await call(ada.socket, 'channel:create', { name: 'Short stay' });
    await call(ben.socket, 'channel:join', { channelId: made.id });
    await call(ben.socket, 'channel:leave', { channelId: made.id });
    await seen(ada.socket, 'member:left', (event) => event.userId === ben.id);
    await call(ada.socket, 'message:send', { channelId: made.id, content: 'are you still here?' });
    await settled(ben.socket);
    assert.deepEqual(allSeen(ben.socket, 'message:sent'), []);
    const answer = await ask(ben.socket, 'message:send', { channelId: made.id, content: 'I am' });
    assert.equal(answer.status, 'ERROR');
    const own = await call(ben.socket, 'channel:list', { size: 100 });
    assert.ok(!own.some((channel) => channel.id === made.id));
  });

  test('General cannot be left', async () => {
    const { socket } = await somebody();
    await refuses('FORBIDDEN', socket, 'channel:leave', { channelId: (await general(socket)).id });
  });

  test('a name is taken once, however it is written', async () => {
    const { socket } = await somebody();
    await call(socket, 'channel:create', { name: 'Kitchen' });
    for (const name of ['kitchen', 'KITCHEN', 'kitсhen' /* a Cyrillic c */]) {
      await refuses('CONFLICT', socket, 'channel:create', { name });
    }
    for (const name of ['x', 'two  spaces', ' edge', 'a\u200bb', 'semi;colon']) {
      const answer = await refuses('INVALID', socket, 'channel:create', { name });
      assert.ok(
        answer.errors.some((error) => error.path.includes('name')),
        name,
      );
    }
  });

  test('another device of the same person learns of what the first one did', async () => {
    const ada = await somebody();
    const phone = await connect(world.server, { cookie: await logIn(world.server, ada.username) });
    const made = await call(ada.socket, 'channel:create', { name: 'Two devices' });
    assert.equal((await seen(phone, 'channel:created', (channel) => channel.id === made.id)).name, 'Two devices');
    await call(ada.socket, 'message:send', { channelId: made.id, content: 'from the desk' });
    await seen(phone, 'message:sent', (message) => message.content === 'from the desk');
    await call(phone, 'message:send', { channelId: made.id, content: 'from the phone' });
    await seen(ada.socket, 'message:sent', (message) => message.content === 'from the phone');
  });

  test('the list comes in pages, by name, direct ones last', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    for (const name of ['Pages c', 'Pages a', 'Pages b']) await call(ada.socket, 'channel:create', { name });
    await call(ada.socket, 'user:reach', { userIds: [ben.id] });
    const names = [];
    for (let after; ;) {
      const page = await ask(ada.socket, 'channel:list', { size: 2, ...(after ? { after } : {}) });
      names.push(...page.data.map((channel) => channel.name));
      if (!page.hasMore) break;
      after = page.data.at(-1).id;
    }
    assert.deepEqual(names, ['General', 'Pages a', 'Pages b', 'Pages c', null]);
  });

  test('a first direct message reaches the other one live', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const [found] = await call(ada.socket, 'user:search', { q: ben.username });
    assert.equal(found.id, ben.id);
    const made = await call(ada.socket, 'user:reach', { userIds: [ben.id] });
    assert.equal(made.direct, true);
    assert.equal(made.name, null);
    assert.deepEqual(made.users, [ben.id]);
    const theirs = await seen(ben.socket, 'channel:created', (channel) => channel.id === made.id);
    assert.deepEqual(theirs.users, [ada.id]);
    await call(ada.socket, 'message:send', { channelId: made.id, content: 'psst' });
    await seen(ben.socket, 'message:sent', (message) => message.content === 'psst');

    const same = await call(ben.socket, 'user:reach', { userIds: [ada.id] });
    assert.equal(same.id, made.id, 'one conversation, whoever starts it');
    const offered = await call(ada.socket, 'user:search', { q: ben.username });
    assert.deepEqual(offered, [], 'whom one talks to already is not offered again');
    await refuses('FORBIDDEN', ben.socket, 'channel:leave', { channelId: made.id });
  });

  test('both may start the same conversation at once', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const [one, other] = await Promise.all([
      call(ada.socket, 'user:reach', { userIds: [ben.id] }),
      call(ben.socket, 'user:reach', { userIds: [ada.id] }),
    ]);
    assert.equal(one.id, other.id);
  });

  test('a conversation that began while one was away is there on coming back', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    ben.socket.disconnect();
    const made = await call(ada.socket, 'user:reach', { userIds: [ben.id] });
    await call(ada.socket, 'message:send', { channelId: made.id, content: 'when you are back' });
    const back = await connect(world.server, { cookie: ben.cookie });
    const theirs = (await call(back, 'channel:list', { size: 100 })).find((channel) => channel.id === made.id);
    assert.equal(theirs.unreadCount, 1);
  });

  test('people are found by the beginning of their name, and shown as they are', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const user = await call(ada.socket, 'user:get', { userId: ben.id });
    assert.deepEqual([user.id, user.username, user.isOnline], [ben.id, ben.username, true]);
    const both = await call(ada.socket, 'user:get', { userIds: [ada.id, ben.id] });
    assert.deepEqual(new Set(both.map((one) => one.id)), new Set([ada.id, ben.id]));
    const found = await call(ada.socket, 'user:search', { q: 'MEMBER', size: 100 });
    assert.ok(!found.some((one) => one.id === ada.id), 'without oneself');
    await refuses('NOT_FOUND', ada.socket, 'user:get', { userId: '00000000-0000-7000-8000-000000000000' });
  });
});

describe('presence and typing', () => {
  const world = sqlite();

  test('a reload shows nothing, leaving does', async () => {
    const [ada, ben] = [await signUp(world.server, 'ada'), await signUp(world.server, 'ben')];
    const watcher = await connect(world.server, { cookie: ada.cookie });
    assert.equal((await call(watcher, 'user:get', { userId: ben.id })).isOnline, false);
    const first = await connect(world.server, { cookie: ben.cookie });
    assert.equal(await seen(watcher, 'user:connected'), ben.id);

    first.disconnect();
    const second = await connect(world.server, { cookie: ben.cookie });
    const third = await connect(world.server, { cookie: ben.cookie });
    third.disconnect();
    await settled(watcher);
    assert.deepEqual(allSeen(watcher, 'user:disconnected'), []);
    assert.equal((await call(watcher, 'user:get', { userId: ben.id })).isOnline, true);

    second.disconnect();
    assert.equal(await seen(watcher, 'user:disconnected'), ben.id);
    assert.equal(allSeen(watcher, 'user:connected').length, 1);
    assert.equal((await call(watcher, 'user:get', { userId: ben.id })).isOnline, false);
  });

  test('nobody stays online after a crash', async () => {
    const [ada, cleo] = [await signUp(world.server, 'ada2'), await signUp(world.server, 'cleo')];
    const watcher = await connect(world.server, { cookie: ada.cookie });
    const watched = await connect(world.server, { cookie: cleo.cookie, reconnection: false });
    assert.equal((await call(watcher, 'user:get', { userId: cleo.id })).isOnline, true);
    await world.server.kill();
    await until('the connection to be gone', () => !watched.connected);
    await world.server.run();
    await until('the watcher to be back', () => watcher.connected);
    assert.equal((await call(watcher, 'user:get', { userId: cleo.id })).isOnline, false);
  });

  test('typing is told to the others, and ends by itself and with the connection', async () => {
    const [dora, emil] = [await signUp(world.server, 'dora'), await signUp(world.server, 'emil')];
    const watcher = await connect(world.server, { cookie: dora.cookie });
    const writer = await connect(world.server, { cookie: emil.cookie });
    const channelId = (await general(watcher)).id;
    const types = (isTyping) => (event) => event.userId === emil.id && event.isTyping === isTyping;

    writer.emit('message:typing', { channelId, isTyping: true });
    assert.deepEqual(await seen(watcher, 'message:typing', types(true)), {
      channelId,
      userId: emil.id,
      isTyping: true,
    });
    await seen(watcher, 'message:typing', types(false));

    watcher.seen.length = 0;
    writer.emit('message:typing', { channelId, isTyping: true });
    await seen(watcher, 'message:typing', types(true));
    writer.disconnect();
    await seen(watcher, 'message:typing', types(false));
    assert.ok(!allSeen(writer, 'message:typing').some((event) => event.isTyping), 'one does not see oneself type');
  });
});
