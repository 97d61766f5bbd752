// Connection state recovery, as the official client sees it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { until } from '../../harness/wait.mjs';
import { ask, connect, cut, event, WAYS_IN } from '../lib/client.mjs';
import { example } from '../lib/server.mjs';

const server = example('conformance', { PING_INTERVAL: '1000', PING_TIMEOUT: '4000', CONNECT_TIMEOUT: '5000' });

/** How many sockets the namespace has: each is asked, and some do not answer. */
async function sockets(witness) {
  const [answers, errors] = await ask(witness, 'broadcast-ack', 0);
  return answers.length + errors;
}

/** Cut a client off, and wait until the server knows. */
async function cutOff(socket, witness) {
  const before = await sockets(witness);
  const gone = event(socket, 'disconnect');
  cut(socket);
  await gone;
  await until('the cut to be noticed', async () => (await sockets(witness)) < before);
}

async function comeBack(socket) {
  const back = event(socket, 'connect');
  socket.connect();
  await back;
}

for (const [way, transports] of Object.entries(WAYS_IN)) {
  describe(`recovery over ${way}`, () => {
    it('brings back the id, the rooms and what was missed', async () => {
      const witness = await connect(server);
      const socket = await connect(server, { transports, reconnection: false });
      assert.equal(socket.recovered, false);
      const { id } = socket;
      const room = `room-${id}`;
      await ask(socket, 'join', room);
      const seen = [];
      socket.on('room-msg', (value) => seen.push(value));
      witness.emit('room', room, 'before');
      await until('the first message', () => seen.length === 1);

      await cutOff(socket, witness);
      witness.emit('room', room, 'missed 1');
      witness.emit('broadcast', 'for all');
      witness.emit('room', 'another room', 'not for it');
      witness.emit('room', room, 'missed 2');
      await ask(witness, 'message-with-ack');
      const broadcast = event(socket, 'broadcast-msg');
      await comeBack(socket);

      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      assert.equal((await broadcast)[0], 'for all');
      witness.emit('room', room, 'after');
      await until('the last message', () => seen.includes('after'));
      assert.deepEqual(seen, ['before', 'missed 1', 'missed 2', 'after']);
      const [rooms] = await ask(socket, 'join', room);
      assert.deepEqual(rooms, [id, room]);

      await cutOff(socket, witness);
      await comeBack(socket);
      assert.equal(socket.recovered, true, 'a second time');
      [socket, witness].forEach((each) => each.close());
    });

    it('is not for whom the server sent away', async () => {
      const socket = await connect(server, { transports, reconnection: false });
      const gone = event(socket, 'disconnect');
      socket.emit('kick');
      assert.equal((await gone)[0], 'io server disconnect');
      await comeBack(socket);
      assert.equal(socket.recovered, false);
      socket.close();
    });
  });
}
