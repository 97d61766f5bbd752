// A private conversation does not exist for those who are not in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { signUp } from '../../harness/http.mjs';
import { allSeen, call, connect, refuses, settled } from '../lib/client.mjs';
import { onBothDatabases } from '../lib/world.mjs';

onBothDatabases('privacy', (start) => {
  const world = start();
  const enter = async (username) => {
    const account = await signUp(world.server, username);
    return { ...account, socket: await connect(world.server, { cookie: account.cookie }) };
  };

  test('somebody who is not a member can do nothing with its id, and nothing of it reaches the members', async () => {
    const [ada, ben, eve] = [await enter('ada'), await enter('ben'), await enter('eve')];
    const channel = await call(ada.socket, 'user:reach', { userIds: [ben.id] });
    const channelId = channel.id;
    const { id: messageId } = await call(ada.socket, 'message:send', { channelId, content: 'a secret' });
    await settled(ben.socket);
    for (const { socket } of [ada, ben, eve]) socket.seen.length = 0;

    const commands = {
      'message:send': { channelId, content: 'let me in' },
      'message:list': { channelId },
      'message:ack': { channelId, messageId },
      'message:typing': { channelId, isTyping: true },
      'channel:join': { channelId },
      'channel:leave': { channelId },
      'channel:update': { channelId, topic: 'mine' },
      'channel:members': { channelId },
      'channel:add': { channelId, userIds: [eve.id] },
      'channel:remove': { channelId, userId: ben.id },
      'message:edit': { channelId, messageId, content: 'changed' },
      'message:delete': { channelId, messageId },
    };
    for (const [name, payload] of Object.entries(commands)) await refuses('NOT_FOUND', eve.socket, name, payload);

    const sync = await call(eve.socket, 'message:sync', { channels: { [channelId]: 0 } });
    assert.deepEqual([sync.channels[channelId], sync.left], [undefined, [channelId]], 'as if it had never been');
    const unknown = '00000000-0000-7000-8000-000000000000';
    const nowhere = await call(eve.socket, 'message:sync', { channels: { [unknown]: 0 } });
    assert.deepEqual([nowhere.channels[unknown], nowhere.left], [undefined, [unknown]]);

    for (const name of ['channel:list', 'channel:search']) {
      const rows = await call(eve.socket, name, { size: 100 });
      assert.ok(!rows.some((row) => row.id === channelId), name);
    }

    await call(ada.socket, 'message:send', { channelId, content: 'still between us' });
    ada.socket.emit('message:typing', { channelId, isTyping: true });
    await call(ben.socket, 'message:ack', { channelId, messageId });
    for (const { socket } of [eve, ada, ben]) await settled(socket);
    assert.deepEqual(
      eve.socket.seen.filter((event) => JSON.stringify(event).includes(channelId)),
      [],
    );
    assert.deepEqual(
      allSeen(ben.socket, 'message:sent').map((message) => message.content),
      ['still between us'],
    );
    for (const { socket } of [ada, ben]) {
      assert.ok(!JSON.stringify(socket.seen).includes(eve.id), 'nothing of Eve reached a member');
    }
  });

  test('the answer is the same for a private conversation and for none at all', async () => {
    const [fay, gus, eve] = [await enter('fay'), await enter('gus'), await enter('eve2')];
    const { id } = await call(fay.socket, 'user:reach', { userIds: [gus.id] });
    for (const name of ['message:list', 'channel:join', 'channel:leave', 'channel:members']) {
      const there = await refuses('NOT_FOUND', eve.socket, name, { channelId: id });
      const nowhere = await refuses('NOT_FOUND', eve.socket, name, {
        channelId: '00000000-0000-7000-8000-000000000000',
      });
      assert.deepEqual(there, nowhere, name);
    }
  });
});
