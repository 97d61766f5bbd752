// Who gets a connection, and over what.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { request, signUp, tokenOf } from '../../harness/http.mjs';
import { until } from '../../harness/wait.mjs';
import { call, connect, connected, client, general, refused, seen, WAYS_IN } from '../lib/client.mjs';
import { sqlite } from '../lib/world.mjs';

describe('connecting', () => {
  const world = sqlite();
  let people = 0;
  const somebody = () => signUp(world.server, `visitor${(people += 1)}`);
  const handshake = (headers, query = 'EIO=4&transport=polling') =>
    request(world.server, 'GET', `/socket.io/?${query}`, { headers });

  for (const [way, transports] of Object.entries(WAYS_IN)) {
    test(`over ${way}, by cookie and without an Origin`, async () => {
      const { cookie } = await somebody();
      const socket = await connect(world.server, { cookie, transports });
      await until(`the transport ${transports.at(-1)}`, () => socket.io.engine.transport.name === transports.at(-1));
      const channel = await general(socket);
      const sent = await call(socket, 'message:send', { channelId: channel.id, content: `over ${way}` });
      assert.equal(sent.id, String(sent.seq));
    });

    test(`over ${way}, a bot with its token in the CONNECT`, async () => {
      const { cookie } = await somebody();
      const socket = await connect(world.server, { token: tokenOf(cookie), transports });
      await general(socket);
    });

    test(`over ${way}, a wrong token in the CONNECT is refused`, async () => {
      for (const token of [undefined, 'nonsense']) {
        const error = await refused(world.server, { token, transports });
        assert.equal(error.data?.code, 'UNAUTHENTICATED');
      }
    });
  }

  test('a bearer token in the header', async () => {
    const { cookie } = await somebody();
    const socket = await connect(world.server, { headers: { authorization: `Bearer ${tokenOf(cookie)}` } });
    await general(socket);
  });

  test('the address where the sample client looks', async () => {
    const { cookie } = await somebody();
    const socket = await connect(world.server, { cookie, path: '/api/socket.io/' });
    await general(socket);
  });

  test('the server says hello with its version', async () => {
    const { cookie } = await somebody();
    const hello = await seen(await connect(world.server, { cookie }), 'server:hello');
    const meta = (await request(world.server, 'GET', '/api/meta')).body;
    assert.deepEqual(hello, { version: meta.version, webBuild: meta.webBuild });
  });

  test('an invalid credential is refused at the handshake', async () => {
    assert.equal((await handshake({ cookie: 'sid=nonsense' })).status, 401);
    assert.equal((await handshake({ authorization: 'Bearer nonsense' })).status, 401);
  });

  test('a page without a credential is refused at the handshake', async () => {
    const origin = world.server.url;
    assert.equal((await handshake({ origin })).status, 401);
  });

  test('the own page, by cookie', async () => {
    const { cookie } = await somebody();
    const socket = await connect(world.server, { cookie, headers: { origin: world.server.url } });
    await general(socket);
  });

  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'http://127.0.0.1:1']) {
    test(`a page of ${origin} gets nothing`, async () => {
      const { cookie } = await somebody();
      const foreign = { cookie, origin };
      const upgrade = { ...foreign, connection: 'upgrade', upgrade: 'websocket' };
      const answers = {
        handshake: await handshake(foreign),
        upgrade: await handshake(upgrade, 'EIO=4&transport=websocket'),
        self: await request(world.server, 'GET', '/api/self', { headers: foreign }),
        meta: await request(world.server, 'GET', '/api/meta', { headers: { origin } }),
        logout: await request(world.server, 'POST', '/api/logout', { headers: foreign }),
      };
      for (const [what, answer] of Object.entries(answers)) {
        assert.equal(answer.status, 403, what);
        assert.equal(answer.headers['access-control-allow-origin'], undefined, what);
      }
      assert.equal((await request(world.server, 'GET', '/api/self', { cookie })).status, 200, 'the logout did nothing');
    });

    test(`a page of ${origin} cannot take over a session that polls`, async () => {
      const { cookie } = await somebody();
      const opened = JSON.parse((await handshake({ cookie })).text.slice(1));
      const query = `EIO=4&transport=polling&sid=${opened.sid}`;
      assert.equal((await handshake({ cookie, origin }, query)).status, 403);
    });
  }

  test('a link on another site opens nothing either', async () => {
    const { cookie } = await somebody();
    assert.equal((await handshake({ cookie, 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await handshake({ cookie, 'sec-fetch-site': 'same-origin' })).status, 200);
  });

  test('the public id of a socket opens no session', async () => {
    const { cookie } = await somebody();
    const socket = await connect(world.server, { cookie, transports: ['polling'] });
    assert.notEqual(socket.id, socket.io.engine.id);
    const answer = await handshake({ cookie }, `EIO=4&transport=polling&sid=${socket.id}`);
    assert.equal(answer.status, 400);
  });

  test('a lost connection comes back by itself', async () => {
    const { cookie } = await somebody();
    const socket = client(world.server, { cookie });
    await connected(socket);
    const before = socket.id;
    socket.io.engine.close();
    await until('a new connection', () => socket.connected && socket.id !== before);
    assert.ok(!socket.recovered, 'message:sync takes the place of connection state recovery');
    await general(socket);
  });
});
