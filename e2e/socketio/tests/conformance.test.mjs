// What the official clients do, with the example `conformance`.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ask, CLIENTS, client, connect, cut, event, WAYS_IN } from '../lib/client.mjs';
import { example } from '../lib/server.mjs';

// Longer than the suites of the protocol want it: a busy machine is no dead one.
const server = example('conformance', { PING_INTERVAL: '1000', PING_TIMEOUT: '4000', CONNECT_TIMEOUT: '5000' });

/** What came, without the offset that connection state recovery adds. */
const plain = (args) => args.slice(0, -1);

for (const [version, io] of Object.entries(CLIENTS)) {
  for (const [way, transports] of Object.entries(WAYS_IN)) {
    describe(`socket.io-client ${version} over ${way}`, () => {
      const options = { io, transports };

      it('connects with its payload and is told its id', async () => {
        const socket = client(server, { ...options, auth: { token: 'abc' }, query: { colour: 'red' } });
        const greeting = event(socket, 'auth');
        socket.connect();
        const [auth] = await greeting;
        assert.equal(auth.token, 'abc');
        const [identity] = await ask(socket, 'whoami');
        assert.equal(identity.id, socket.id);
        assert.equal(identity.query.colour, 'red');
        assert.notEqual(socket.id, socket.io.engine.id);
      });

      it('sends and receives any number of arguments, binary among them', async () => {
        const socket = await connect(server, options);
        for (const args of [[], [1, '2', { 3: [true, null] }], [Buffer.from([1, 2, 3]), { deep: Buffer.from('ü') }]]) {
          socket.emit('message', ...args);
          assert.deepEqual(plain(await event(socket, 'message-back')), args);
        }
      });

      it('is answered, and answers', async () => {
        const socket = await connect(server, options);
        assert.deepEqual(await ask(socket, 'message-with-ack', 1, { a: Buffer.from('b') }), [
          1,
          { a: Buffer.from('b') },
        ]);
        socket.once('emit-with-ack', (number, answer) => answer(number + 1, 'thanks'));
        socket.emit('emit-with-ack', 41);
        await new Promise((resolve) => setImmediate(resolve));
        const replies = [await event(socket, 'emit-with-ack')];
        if (typeof replies[0].at(-1) === 'function') replies.push(await event(socket, 'emit-with-ack'));
        assert.deepEqual(plain(replies.at(-1)), [42, 'thanks']);
      });

      it('keeps the order of what it sends and receives', async () => {
        const socket = await connect(server, options);
        const seen = [];
        socket.on('order-back', (n) => seen.push(n));
        for (let n = 0; n < 200; n += 1) socket.emit(n % 3 ? 'order' : 'order-await', n);
        socket.on('burst-msg', (n) => seen.push(n));
        assert.deepEqual(await ask(socket, 'burst', 100), [100]);
        assert.deepEqual(seen, [...Array(200).keys(), ...Array(100).keys()]);
      });

      it('talks in rooms', async () => {
        const [a, b, c] = await Promise.all([1, 2, 3].map(() => connect(server, options)));
        const room = `room-${a.id}`;
        for (const socket of [a, b]) {
          const [rooms] = await ask(socket, 'join', room);
          assert.deepEqual(rooms, [socket.id, room]);
        }
        c.on('room-msg', () => assert.fail('it is not in the room'));
        const both = Promise.all([event(a, 'room-msg'), event(b, 'room-msg')]);
        c.emit('room', room, 'hello');
        assert.deepEqual((await both).map(plain), [['hello'], ['hello']]);
        assert.deepEqual(await ask(b, 'leave', room), [[b.id]]);
        a.on('broadcast-msg', () => assert.fail('it is the sender'));
        const others = event(b, 'broadcast-msg');
        a.emit('broadcast', { to: 'all' });
        assert.deepEqual(plain(await others), [{ to: 'all' }]);
        [a, b, c].forEach((socket) => socket.close());
      });

      it('joins several namespaces, fixed and made for it', async () => {
        const root = await connect(server, options);
        const dynamic = root.io.socket(`/dyn-${root.id}`);
        const custom = root.io.socket('/custom');
        for (const socket of [dynamic, custom]) {
          const connected = event(socket, 'connect');
          socket.connect();
          await connected;
          socket.emit('unknown', socket.nsp, 1);
          assert.deepEqual(plain(await event(socket, 'fallback')), ['unknown', [socket.nsp, 1]]);
        }
        const names = await (await fetch(`${server.url}/nsps`)).text();
        assert.match(names, /\/dyn-/);
        dynamic.disconnect();
        assert.deepEqual(await ask(root, 'message-with-ack', 'still here'), ['still here']);
      });

      it('is refused by middleware, with data', async () => {
        const refused = client(server, { ...options, namespace: '/guarded', auth: { token: 'wrong' } });
        refused.connect();
        const [error] = await event(refused, 'connect_error');
        assert.equal(error.message, 'not authorized');
        assert.deepEqual(error.data, { code: 1 });
        await connect(server, { ...options, namespace: '/guarded', auth: { token: 'secret' } });
      });

      it('does not come back when the server disconnects it, and does when it is cut off', async () => {
        const socket = await connect(server, options);
        const [gone, back] = [event(socket, 'disconnect'), event(socket, 'connect')];
        cut(socket);
        await gone;
        await back;
        socket.emit('kick');
        assert.equal((await event(socket, 'disconnect'))[0], 'io server disconnect');
        assert.equal(socket.connected, false);
      });
    });
  }
}
