// The example `lobby`.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { connect, event } from '../lib/client.mjs';
import { example } from '../lib/server.mjs';

const server = example('lobby');

async function enter(name) {
  const socket = await connect(server);
  const welcome = event(socket, 'welcome');
  socket.emit('login', name);
  await welcome;
  return socket;
}

async function refused(name, answer) {
  const socket = await connect(server);
  const told = event(socket, answer);
  socket.emit('login', name);
  assert.deepEqual(await told, [name]);
  socket.close();
}

describe('the lobby', () => {
  it('lets in names of 3 to 10 characters, each once', async () => {
    for (const name of ['', 'ab', 'abcdefghijk', 7, null]) await refused(name, 'loginNameBad');
    const first = await enter('Zoë');
    await refused('Zoë', 'loginNameExists');
    const gone = await enter('witness');
    const left = event(gone, 'userLeft');
    first.close();
    assert.deepEqual(await left, ['Zoë']);
    (await enter('Zoë')).close();
    gone.close();
  });

  it('says who is there, who comes and who goes', async () => {
    const ada = await enter('Ada');
    const came = event(ada, 'userJoined');
    const bob = await connect(server);
    const himself = event(bob, 'userJoined');
    bob.emit('login', 'Bobby');
    assert.deepEqual([await came, await himself], [['Bobby'], ['Bobby']]);
    const online = event(ada, 'onlineUsers');
    ada.emit('onlineUsers');
    assert.deepEqual(await online, [['Ada', 'Bobby']]);
    const went = event(ada, 'userLeft');
    bob.close();
    assert.deepEqual(await went, ['Bobby']);
    ada.close();
  });

  it('carries what is said to everybody, and nothing of the empty or the unknown', async () => {
    const [ada, bob] = [await enter('Ada'), await enter('Bobby')];
    const stranger = await connect(server);
    const both = Promise.all([event(ada, 'chat'), event(bob, 'chat')]);
    stranger.emit('chat', 'I have no name');
    bob.emit('chat', '');
    ada.emit('chat', 'hello');
    const said = [{ sender: 'Ada', message: 'hello' }];
    assert.deepEqual(await both, [said, said]);
  });
});
