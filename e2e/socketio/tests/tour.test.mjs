// The example `tour`.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ask, client, connect, event } from '../lib/client.mjs';
import { example } from '../lib/server.mjs';

const server = example('tour', { TICK: '50', TOKEN: 'secret' });

/** What each of them has got, once the last of them has seen the mark that ends the wait. */
async function got(sockets, names, act) {
  const seen = sockets.map(() => []);
  sockets.forEach((socket, place) => {
    names.forEach((name) => socket.on(name, (...args) => seen[place].push([name, ...args])));
  });
  await act();
  const marks = sockets.map((socket) => event(socket, 'heyEveryone'));
  sockets[0].emit('tellEveryone', 'mark');
  await Promise.all(marks);
  sockets.forEach((socket) => names.forEach((name) => socket.off(name)));
  return seen;
}

describe('the tour', () => {
  it('greets with the id', async () => {
    const socket = client(server);
    const greeting = event(socket, 'greetings');
    socket.connect();
    assert.deepEqual(await greeting, ['Hello from the server!', socket.id]);
  });

  it('reaches everyone, here and in another namespace, on one connection', async () => {
    const [a, b] = [await connect(server), await connect(server)];
    const both = Promise.all([event(a, 'heyEveryone'), event(b, 'heyEveryone')]);
    a.emit('tellEveryone', 'hello');
    assert.deepEqual(await both, [
      ['hello', a.id],
      ['hello', a.id],
    ]);

    const texas = b.io.socket('/texas');
    const connected = event(texas, 'connect');
    texas.connect();
    await connected;
    const there = event(texas, 'heyEveryone');
    b.on('heyEveryone', () => assert.fail('it went to the other namespace'));
    a.emit('tellNamespace', 'howdy', '/nowhere');
    a.emit('tellNamespace', 'howdy', '/texas');
    assert.deepEqual(await there, ['howdy', a.id]);
    b.off('heyEveryone');
  });

  it('reaches rooms, also those that one is not in', async () => {
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => connect(server)));
    await ask(b, 'enterRoom', 'red');
    await ask(c, 'enterRoom', 'red');
    assert.deepEqual(await ask(c, 'enterRoom', 'blue'), [[c.id, 'red', 'blue']]);
    const seen = await got([a, b, c], ['heyThere', 'broadcastFrom', 'receiveMsgFromRoom'], async () => {
      a.emit('tellRoom', 'one', 'blue');
      a.emit('tellRooms', 'two', 'red', 'blue');
      a.emit('broadcastMsg', 'three', 'blue');
      a.emit('sendMsg', 'four', null, 'red');
    });
    assert.deepEqual(seen[0], []);
    assert.deepEqual(seen[1], [
      ['heyThere', 'two', a.id],
      ['receiveMsgFromRoom', 'four', a.id, 'red'],
    ]);
    assert.deepEqual(seen[2], [
      ['heyThere', 'one', a.id],
      ['heyThere', 'two', a.id],
      ['broadcastFrom', 'three', a.id],
      ['receiveMsgFromRoom', 'four', a.id, 'red'],
    ]);
    assert.deepEqual(await ask(c, 'leaveRoom', 'blue'), [[c.id, 'red']]);
  });

  it('reaches one other, and everyone but oneself', async () => {
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => connect(server)));
    const seen = await got([a, b, c], ['messageFromUser', 'receiveMsg', 'broadcastFrom'], async () => {
      a.emit('sendToUser', 'one', b.id);
      a.emit('sendMsg', 'two', b.id);
      a.emit('broadcastMsg', 'three');
    });
    assert.deepEqual(seen, [
      [],
      [
        ['messageFromUser', 'one', a.id],
        ['receiveMsg', 'two', a.id],
        ['broadcastFrom', 'three', a.id],
      ],
      [['broadcastFrom', 'three', a.id]],
    ]);
    assert.deepEqual(await ask(c, 'enterRoom', b.id), [[c.id]], "another's id is no room to enter");
  });

  it('knows the ids of a namespace and of a room', async () => {
    const [a, b] = [await connect(server, { namespace: '/omaha' }), await connect(server, { namespace: '/omaha' })];
    await ask(b, 'enterRoom', 'table');
    const [ids] = await ask(a, 'socketIds');
    assert.deepEqual(ids.toSorted(), [a.id, b.id].toSorted());
    assert.deepEqual(await ask(a, 'roomIds', 'table'), [[b.id]]);
    assert.deepEqual(await ask(a, 'roomIds', 'nowhere'), [[]]);
  });

  it('tells nicknames and their changes, and forgets them', async () => {
    const a = await connect(server);
    for (const [name, how] of [
      ['Ada', 'setNickname'],
      ['Countess', 'changeName'],
    ]) {
      const told = event(a, 'nickname');
      a.emit(how, name);
      assert.deepEqual(await told, [a.id, name]);
    }
    const b = client(server);
    const names = event(b, 'nicknames');
    b.connect();
    assert.equal((await names)[0][a.id], 'Countess');
    const left = event(b, 'userLeft');
    const { id } = a;
    a.close();
    assert.deepEqual(await left, [id]);
  });

  it('checks a token before it lets in', async () => {
    const stranger = client(server, { namespace: '/private', auth: { token: 'guess' } });
    stranger.connect();
    assert.equal((await event(stranger, 'connect_error'))[0].message, 'not authorized');
    await connect(server, { namespace: '/private', auth: { token: 'secret' } });
  });

  it('has rooms for two that refuse a third', async () => {
    const sockets = await Promise.all([1, 2, 3].map(() => connect(server)));
    const admitted = await Promise.all(sockets.map((socket) => ask(socket, 'enterPrivateRoom', 'us')));
    assert.equal(admitted.filter(([yes]) => yes).length, 2);
    const third = sockets[admitted.findIndex(([yes]) => !yes)];
    await ask(third, 'enterRoom', 'private:us');
    assert.equal((await ask(third, 'roomIds', 'private:us'))[0].length, 2);
  });

  it('sends updates that nobody asked for', async () => {
    const socket = await connect(server);
    const [first] = await event(socket, 'update');
    const [second] = await event(socket, 'update');
    assert.equal(second, first + 1);
  });
});
