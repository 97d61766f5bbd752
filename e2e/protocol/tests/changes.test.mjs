// What is changed later: messages edited and deleted, channels and people by another name.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { logIn, signUp } from '../../harness/http.mjs';
import { allSeen, ask, call, clientId, connect, general, refuses, seen, settled } from '../lib/client.mjs';
import { onBothDatabases } from '../lib/world.mjs';

onBothDatabases('changes', (start) => {
  const world = start({ HEARTH_RATE_LIMITS: 'off' });
  let people = 0;
  async function somebody() {
    const account = await signUp(world.server, `changer${(people += 1)}`);
    return { ...account, socket: await connect(world.server, { cookie: account.cookie }) };
  }
  const device = async (person) => connect(world.server, { cookie: await logIn(world.server, person.username) });

  test('an edit and a deletion reach the others, the own devices and the history, and not the acting socket', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const phone = await device(ada);
    const channelId = (await call(ada.socket, 'user:reach', { userIds: [ben.id] })).id;
    const { id: messageId } = await call(ada.socket, 'message:send', { channelId, content: 'frist', clientId: 'f' });

    const edited = await call(ada.socket, 'message:edit', { channelId, messageId, content: 'first' });
    assert.deepEqual([edited.id, edited.content, edited.rev, edited.clientId], [messageId, 'first', 2, 'f']);
    assert.ok(edited.editedAt >= edited.createdAt);
    for (const socket of [ben.socket, phone]) {
      assert.deepEqual(await seen(socket, 'message:updated', (message) => message.rev === 2), edited);
    }
    const deleted = await call(phone, 'message:delete', { channelId, messageId });
    assert.deepEqual([deleted.content, deleted.rev], ['', 3]);
    for (const socket of [ben.socket, ada.socket]) {
      assert.deepEqual(await seen(socket, 'message:updated', (message) => message.rev === 3), deleted);
    }
    assert.deepEqual(await call(ben.socket, 'message:list', { channelId }), [deleted]);
    await settled(phone);
    assert.deepEqual(
      [allSeen(ada.socket, 'message:updated').length, allSeen(phone, 'message:updated').length],
      [1, 1],
      'who acts has the answer',
    );
    assert.deepEqual(await call(ada.socket, 'message:delete', { channelId, messageId }), deleted, 'twice');
    await refuses('NOT_FOUND', ada.socket, 'message:edit', { channelId, messageId, content: 'back again' });
    const again = await call(ada.socket, 'message:send', { channelId, content: 'frist', clientId: 'f' });
    assert.deepEqual([again.id, again.rev, again.repeated], [messageId, 1, true], 'the first answer for ever');
  });

  test('the message of another stays as it is', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channelId = (await call(ada.socket, 'user:reach', { userIds: [ben.id] })).id;
    const { id: messageId } = await call(ada.socket, 'message:send', { channelId, content: 'mine' });
    await refuses('FORBIDDEN', ben.socket, 'message:edit', { channelId, messageId, content: 'not yours' });
    await refuses('FORBIDDEN', ben.socket, 'message:delete', { channelId, messageId });
    await settled(ada.socket);
    assert.deepEqual(allSeen(ada.socket, 'message:updated'), []);
    assert.equal((await call(ada.socket, 'message:list', { channelId }))[0].content, 'mine');
  });

  test('who was away gets the last state of what changed, in order of rev', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const channelId = (await call(ada.socket, 'user:reach', { userIds: [ben.id] })).id;
    const say = (content) => call(ada.socket, 'message:send', { channelId, content, clientId: clientId() });
    for (const content of ['one', 'two', 'three']) await say(content);
    ben.socket.disconnect();

    await call(ada.socket, 'message:edit', { channelId, messageId: '1', content: 'ONE' });
    await call(ada.socket, 'message:delete', { channelId, messageId: '2' });
    await say('four');
    await call(ada.socket, 'message:edit', { channelId, messageId: '1', content: 'One' });

    const back = await connect(world.server, { cookie: ben.cookie });
    const got = (await call(back, 'message:sync', { channels: { [channelId]: 3 } })).channels[channelId];
    assert.deepEqual(
      got.messages.map(({ id, rev, content, editedAt, deletedAt }) => [id, rev, content, !!editedAt, !!deletedAt]),
      [
        ['2', 5, '', false, true],
        ['4', 6, 'four', false, false],
        ['1', 7, 'One', true, false],
      ],
    );
    assert.deepEqual(got.head, { seq: 4, rev: 7 });
  });

  test('a channel by another name is told to its members, and to who was away', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const phone = await device(ada);
    const { id: channelId } = await call(ada.socket, 'channel:create', { name: `Before ${people}` });
    await call(ben.socket, 'channel:join', { channelId });
    const name = `After ${people}`;
    const changed = await call(ada.socket, 'channel:update', { channelId, name, topic: 'renamed' });
    assert.deepEqual([changed.name, changed.topic, changed.role], [name, 'renamed', 'owner']);
    const shared = { id: channelId, name, type: 'public', topic: 'renamed', userCount: 2 };
    for (const socket of [ben.socket, phone]) assert.deepEqual(await seen(socket, 'channel:updated'), shared);
    const away = await device(ben);
    const { channels } = await call(away, 'message:sync', { channels: { [channelId]: 0 } });
    assert.equal(channels[channelId].channel.name, name);
    await refuses('FORBIDDEN', ben.socket, 'channel:update', { channelId, topic: 'mine' });
  });

  test('whoever goes by another name is called so everywhere', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const phone = await device(ada);
    const own = await call(ada.socket, 'user:update', { displayName: 'Countess' });
    assert.deepEqual([own.id, own.username, own.displayName], [ada.id, ada.username, 'Countess']);
    const profile = { id: ada.id, username: ada.username, displayName: 'Countess' };
    for (const socket of [ben.socket, phone]) {
      assert.deepEqual(await seen(socket, 'user:updated', (user) => user.id === ada.id), profile);
    }
    assert.equal((await call(ben.socket, 'user:get', { userId: ada.id })).displayName, 'Countess');
    await settled(ada.socket);
    assert.deepEqual(allSeen(ada.socket, 'user:updated'), []);
  });

  test('how far one has read is told to the others, and to the own devices', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const phone = await device(ben);
    const channelId = (await call(ada.socket, 'user:reach', { userIds: [ben.id] })).id;
    await call(ada.socket, 'message:send', { channelId, content: 'read me' });
    await call(ben.socket, 'message:ack', { channelId, messageId: '1' });
    for (const socket of [ada.socket, phone]) {
      const read = await seen(socket, 'message:read', (event) => event.channelId === channelId);
      assert.deepEqual(read, { channelId, marks: { [ben.id]: '1' } });
    }
    const members = await call(ada.socket, 'channel:members', { channelId });
    assert.deepEqual(
      members.map(({ id, readUpTo, isOnline }) => [id, readUpTo, isOnline]),
      [
        [ada.id, 1, true],
        [ben.id, 1, true],
      ],
    );
  });

  test('General keeps its name', async () => {
    const { socket } = await somebody();
    const channelId = (await general(socket)).id;
    const answer = await ask(socket, 'channel:update', { channelId, name: 'Elsewhere' });
    assert.equal(answer.code, 'FORBIDDEN');
  });
});
