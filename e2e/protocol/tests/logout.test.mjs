// Logging out cuts the session's sockets at once, in whatever state they are.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { test } from 'node:test';

import { logIn, logOut, signUp } from '../../harness/http.mjs';
import { pause, until } from '../../harness/wait.mjs';
import { allSeen, call, client, connect, general, settled, WAYS_IN } from '../lib/client.mjs';
import { onBothDatabases } from '../lib/world.mjs';

/** What is promised: nothing is delivered later than this after a session has ended. */
const PROMISED_MS = 1_000;

onBothDatabases('logout', (start) => {
  const world = start({ HEARTH_RATE_LIMITS: 'off' });
  let people = 0;
  const somebody = () => signUp(world.server, `leaver${(people += 1)}`);
  async function speaker() {
    const { cookie } = await somebody();
    const socket = await connect(world.server, { cookie });
    const channelId = (await general(socket)).id;
    return (content) => call(socket, 'message:send', { channelId, content });
  }

  for (const [way, transports] of Object.entries(WAYS_IN)) {
    test(`a socket over ${way} is cut for good, and the other sessions stay`, async () => {
      const say = await speaker();
      const { cookie, username } = await somebody();
      const other = await logIn(world.server, username);
      const [leaving, staying] = [
        await connect(world.server, { cookie, transports }),
        await connect(world.server, { cookie: other, transports }),
      ];
      const reason = once(leaving, 'disconnect');
      assert.equal((await logOut(world.server, cookie)).status, 204);
      await say('after the logout');
      assert.equal((await reason)[0], 'io server disconnect', 'which tells an official client not to come back');
      assert.deepEqual(allSeen(leaving, 'message:sent'), []);
      await settled(staying);
      assert.equal(allSeen(staying, 'message:sent').at(-1).content, 'after the logout');
      assert.equal(leaving.active, false);
    });
  }

  test('a socket that is just connecting does not slip through', async () => {
    const say = await speaker();
    const { username } = await somebody();
    for (let round = 0; round < 24; round += 1) {
      const cookie = await logIn(world.server, username);
      const socket = client(world.server, {
        cookie,
        reconnection: false,
        transports: round % 2 ? ['polling'] : ['websocket'],
      });
      socket.connect();
      // The logout falls into another part of the connecting each time.
      await pause(round / 2);
      await logOut(world.server, cookie);
      await until('the socket to be refused or cut', () => isGone(socket), { within: 5_000 });
      await say(`round ${round}`);
      assert.equal(socket.connected, false);
      assert.ok(
        !allSeen(socket, 'message:sent').some((message) => message.content === `round ${round}`),
        `round ${round}`,
      );
    }
  });

  test('a socket that does not read is cut too', async () => {
    const say = await speaker();
    const { cookie } = await somebody();
    const raw = await rawWebSocket(world.server, cookie);
    raw.send('40');
    await until('its CONNECT to be answered', () => raw.received().includes('40{'));
    await say('before');
    await until('it to be in the channel', () => raw.received().includes('before'));
    raw.socket.pause();
    for (let n = 0; n < 40; n += 1) await say(`unread ${'x'.repeat(4_000)}`);

    await logOut(world.server, cookie);
    await pause(PROMISED_MS);
    await say('after');
    raw.socket.resume();
    await until('the connection to be closed', () => raw.closed(), { within: 5_000 });
    assert.ok(!raw.received().includes('"after"'), 'nothing that was said later');
  });

  test('a connection that polls is cut while its request is open', async () => {
    const { cookie } = await somebody();
    const socket = await connect(world.server, { cookie, transports: ['polling'], reconnection: false });
    await logOut(world.server, cookie);
    await until('the socket to be cut', () => !socket.connected, { within: 5_000 });
  });
});

const isGone = (socket) => !socket.connected && socket.io.engine.readyState === 'closed';

/** A WebSocket at the level of bytes, which alone can stop reading. Its incoming frames are kept as text. */
async function rawWebSocket(server, cookie) {
  const socket = dial(server.port, '127.0.0.1');
  await once(socket, 'connect');
  let received = '';
  let closed = false;
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('close', () => (closed = true));
  socket.on('error', () => (closed = true));
  socket.write(
    [
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
      `Host: 127.0.0.1:${server.port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      `Cookie: ${cookie}`,
      '\r\n',
    ].join('\r\n'),
  );
  await until('the handshake', () => received.includes('"sid"'));
  return {
    socket,
    received: () => received,
    closed: () => closed,
    /** A short masked text frame, masked with zeros. */
    send: (text) =>
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])),
  };
}
