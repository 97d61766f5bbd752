// Nothing that was acknowledged is lost, doubled or reordered, whatever happens to the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { signUp } from '../../harness/http.mjs';
import { until } from '../../harness/wait.mjs';
import { Chatter } from '../lib/chatter.mjs';
import { call, connect, general, history, WAYS_IN } from '../lib/client.mjs';
import { onBothDatabases } from '../lib/world.mjs';

const MESSAGES_EACH = 150;

onBothDatabases('kill -9', (start) => {
  const world = start({ HEARTH_RATE_LIMITS: 'off' });

  test('during a burst from every way in: each message is there once, in one order', async () => {
    const { server } = world;
    const absent = await signUp(server, 'absent');
    const writers = [];
    for (const transports of Object.values(WAYS_IN)) {
      writers.push(new Chatter(server, await signUp(server, `w${writers.length}`), { transports }));
    }
    const looking = await connect(server, { cookie: absent.cookie });
    const channel = await general(looking);
    looking.disconnect();
    for (const writer of writers) await writer.watch(channel.id);

    const bursts = writers.map((writer, at) =>
      writer.write(Array.from({ length: MESSAGES_EACH }, (_, n) => `${at}: ${n}`)),
    );
    const acked = () => writers.reduce((sum, writer) => sum + writer.acked.size, 0);
    const total = MESSAGES_EACH * writers.length;
    let ackedAtDeath = [];
    for (const share of [0.1, 0.4, 0.7]) {
      await until('some to be acknowledged', () => acked() >= total * share, { every: 1, within: 60_000 });
      await server.kill();
      // What had come before the death is still read. A client that was just changing over to its WebSocket can be deaf
      // until its ping is overdue.
      await until('the clients to notice', () => writers.every((writer) => !writer.socket.connected), {
        within: 60_000,
        detail: () =>
          writers.map(({ socket, unanswered }) => [socket.io.engine?.transport.name, socket.connected, unanswered]),
      });
      ackedAtDeath = writers.flatMap((writer) => [...writer.acked]);
      assert.ok(ackedAtDeath.length < total, 'it died in the middle');
      await server.run();
    }
    await Promise.all(bursts);
    assert.ok(writers.every((writer) => writer.unanswered === 0));

    const back = await connect(server, { cookie: absent.cookie });
    const log = await history(back, channel.id);
    assert.deepEqual(
      log.map((message) => message.id),
      log.map((_, n) => String(n + 1)),
      'one gapless order',
    );
    assert.equal(log.length, total, 'each once');
    const stored = new Map(log.map((message) => [message.clientId, message.id]));
    assert.equal(stored.size, total, 'no clientId twice');
    for (const [clientId, id] of ackedAtDeath) assert.equal(stored.get(clientId), id, 'acknowledged before a death');
    for (const writer of writers) {
      for (const [clientId, id] of writer.acked) assert.equal(stored.get(clientId), id, 'acknowledged');
      await writer.caughtUp(total);
      assert.deepEqual(
        writer.shown.map((message) => [message.id, message.content]),
        log.map((message) => [message.id, message.content]),
      );
      assert.deepEqual(
        writer.live,
        [...writer.live].sort((one, other) => one - other),
        'live events come in order',
      );
      assert.equal(new Set(writer.live).size, writer.live.length, 'no live event twice');
    }
    const [unread] = (await call(back, 'channel:list', { size: 100 })).filter((one) => one.id === channel.id);
    assert.equal(unread.unreadCount, total);
    assert.equal(unread.seq, total);
  });

  test('sessions, channels and conversations outlive it', async () => {
    const { server } = world;
    const [ada, ben] = [await signUp(server, 'ada'), await signUp(server, 'ben')];
    const socket = await connect(server, { cookie: ada.cookie });
    const made = await call(socket, 'channel:create', { name: 'Still here' });
    const direct = await call(socket, 'user:reach', { userIds: [ben.id] });
    await call(socket, 'message:send', { channelId: direct.id, content: 'remember' });
    await server.kill();
    await server.run();
    await until('the client to come back by itself', () => socket.connected);
    const own = await call(socket, 'channel:list', { size: 100 });
    assert.ok(own.some((channel) => channel.id === made.id));
    const theirs = await connect(server, { cookie: ben.cookie });
    const [message] = await history(theirs, direct.id);
    assert.equal(message.content, 'remember');
  });
});

onBothDatabases('SIGTERM', (start) => {
  const world = start({ HEARTH_RATE_LIMITS: 'off' });

  test('during a burst: clients come back by themselves and nothing is lost', async () => {
    const { server } = world;
    const writer = new Chatter(server, await signUp(server, 'writer'));
    const reader = await signUp(server, 'reader');
    const looking = await connect(server, { cookie: reader.cookie });
    const channel = await general(looking);
    await writer.watch(channel.id);
    const burst = writer.write(Array.from({ length: 300 }, (_, n) => `${n}`));
    await until('some to be acknowledged', () => writer.acked.size > 20, { every: 1 });
    assert.equal(await server.stop(), 0);
    await server.run();
    await burst;
    await until('the reader to be back', () => looking.connected);
    const log = await history(looking, channel.id);
    assert.equal(log.length, 300);
    assert.equal(new Set(log.map((message) => message.clientId)).size, 300);
    for (const [clientId, id] of writer.acked) {
      assert.equal(log.find((message) => message.id === id)?.clientId, clientId);
    }
  });
});
