// Private channels: who is let in, and who is put out and hears nothing more.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { logIn, signUp } from '../../harness/http.mjs';
import { until } from '../../harness/wait.mjs';
import { allSeen, call, connect, history, refuses, seen, settled } from '../lib/client.mjs';
import { onBothDatabases } from '../lib/world.mjs';

onBothDatabases('private channels', (start) => {
  const world = start({ HEARTH_RATE_LIMITS: 'off' });
  let people = 0;
  async function somebody() {
    const account = await signUp(world.server, `guest${(people += 1)}`);
    return { ...account, socket: await connect(world.server, { cookie: account.cookie }) };
  }
  const make = (owner) => call(owner.socket, 'channel:create', { name: `Private ${(people += 1)}`, type: 'private' });

  test('who is added is told on every device, reads everything and is heard', async () => {
    const [ada, ben, cleo] = [await somebody(), await somebody(), await somebody()];
    const phone = await connect(world.server, { cookie: await logIn(world.server, ben.username) });
    const { id: channelId } = await make(ada);
    await call(ada.socket, 'message:send', { channelId, content: 'before' });
    const changed = await call(ada.socket, 'channel:add', { channelId, userIds: [ben.id, cleo.id] });
    assert.equal(changed.userCount, 3);
    for (const socket of [ben.socket, phone]) {
      const channel = await seen(socket, 'channel:joined', (channel) => channel.id === channelId);
      assert.deepEqual([channel.role, channel.unreadCount, channel.userCount], ['member', 0, 3]);
    }
    await seen(cleo.socket, 'member:joined', (member) => member.userId === ben.id);
    assert.deepEqual(
      (await history(phone, channelId)).map((message) => message.content),
      ['before'],
    );
    await call(phone, 'message:send', { channelId, content: 'hello' });
    for (const { socket } of [ada, ben, cleo]) {
      await seen(socket, 'message:sent', (message) => message.content === 'hello');
    }
    await refuses('FORBIDDEN', ben.socket, 'channel:add', { channelId, userIds: [ada.id] });
    await refuses('FORBIDDEN', ben.socket, 'channel:remove', { channelId, userId: cleo.id });
  });

  test('who is removed hears that, and nothing after it', async () => {
    const [ada, ben, cleo] = [await somebody(), await somebody(), await somebody()];
    const phone = await connect(world.server, { cookie: await logIn(world.server, ben.username) });
    const { id: channelId } = await make(ada);
    await call(ada.socket, 'channel:add', { channelId, userIds: [ben.id, cleo.id] });
    const { id: messageId } = await call(ada.socket, 'message:send', { channelId, content: 'for all' });
    await seen(ben.socket, 'message:sent');
    // A read mark of his is still to be told when he is out.
    await call(ben.socket, 'message:ack', { channelId, messageId });

    // Others go on talking while he is put out.
    const talk = Array.from({ length: 40 }, (_, n) =>
      call(cleo.socket, 'message:send', { channelId, content: `talk ${n}` }),
    );
    await call(ada.socket, 'channel:remove', { channelId, userId: ben.id });
    await Promise.all(talk);
    await call(ada.socket, 'message:send', { channelId, content: 'without him' });
    await call(ada.socket, 'message:edit', { channelId, messageId, content: 'for us' });
    await call(cleo.socket, 'message:ack', { channelId, messageId: '9999' });
    ada.socket.emit('message:typing', { channelId, isTyping: true });
    await seen(ada.socket, 'message:read', (read) => cleo.id in read.marks);
    await seen(cleo.socket, 'member:left', (member) => member.userId === ben.id);

    for (const socket of [ben.socket, phone]) {
      assert.deepEqual(await seen(socket, 'channel:left'), { channelId });
      await settled(socket);
      const last = socket.seen.findIndex((event) => event.name === 'channel:left');
      const later = socket.seen.slice(last + 1).filter((event) => JSON.stringify(event).includes(channelId));
      assert.deepEqual(later, []);
    }
    for (const name of ['message:list', 'channel:join', 'channel:members']) {
      await refuses('NOT_FOUND', ben.socket, name, { channelId });
    }
    await refuses('NOT_FOUND', ben.socket, 'message:send', { channelId, content: 'let me in' });
    const sync = await call(phone, 'message:sync', { channels: { [channelId]: 0 } });
    assert.deepEqual([sync.left, Object.keys(sync.channels)], [[channelId], []]);
    const back = await connect(world.server, { cookie: ben.cookie });
    await call(ada.socket, 'message:send', { channelId, content: 'still without him' });
    await seen(cleo.socket, 'message:sent', (message) => message.content === 'still without him');
    await settled(back);
    assert.deepEqual(allSeen(back, 'message:sent'), [], 'nor on a new connection');
  });

  test('who comes and goes again and again is always in the right place', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const { id: channelId } = await make(ada);
    let inside = 0;
    for (let round = 0; round < 10; round += 1) {
      const steps = [
        call(ada.socket, 'channel:add', { channelId, userIds: [ben.id] }),
        call(ada.socket, 'message:send', { channelId, content: `in ${round}` }),
        call(ada.socket, 'channel:remove', { channelId, userId: ben.id }),
        call(ada.socket, 'message:send', { channelId, content: `out ${round}` }),
      ];
      await Promise.all(steps);
      inside += 1;
    }
    await until('the last to be told', () => allSeen(ben.socket, 'channel:left').length === inside);
    await settled(ben.socket);
    assert.deepEqual(
      allSeen(ben.socket, 'message:sent').map((message) => message.content),
      Array.from({ length: 10 }, (_, round) => `in ${round}`),
    );
  });

  test('members come in pages, and who asks follows their coming and going', async () => {
    const [ada, ben] = [await somebody(), await somebody()];
    const { id: channelId } = await make(ada);
    await call(ada.socket, 'channel:add', { channelId, userIds: [ben.id] });
    const rows = [];
    for (let after; ;) {
      const page = await ada.socket.emitWithAck('channel:members', { channelId, size: 1, ...(after ? { after } : {}) });
      rows.push(...page.data);
      if (!page.hasMore) break;
      after = page.data.at(-1).id;
    }
    assert.deepEqual(
      rows.map(({ id, role, isOnline }) => [id, role, isOnline]),
      [
        [ada.id, 'owner', true],
        [ben.id, 'member', true],
      ],
    );
    ben.socket.disconnect();
    assert.equal(await seen(ada.socket, 'user:disconnected', (id) => id === ben.id), ben.id);
  });
});
