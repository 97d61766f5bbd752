// The example `rooms_chat`.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';

import { ask, client, connect, event } from '../lib/client.mjs';
import { example } from '../lib/server.mjs';

const CLIENT_DIR = fileURLToPath(new URL('../node_modules/socket.io-client/dist', import.meta.url));
const server = example('rooms_chat', { ADMIN_TOKEN: 'admin', CLIENT_URL: 'https://chat.example', CLIENT_DIR });
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

async function join(username, room) {
  const socket = await connect(server);
  const joined = event(socket, 'room_joined');
  socket.emit('join_room', { username, room });
  const [answer] = await joined;
  return Object.assign(socket, { answer });
}

async function registered(name) {
  const socket = await connect(server);
  const told = event(socket, 'presence_update');
  socket.emit('register', name);
  await told;
  return socket;
}

describe('rooms', () => {
  it('are told who comes, who goes, and who is there', async () => {
    const ada = await join('Ada', 'maths');
    const [joined, users] = [event(ada, 'user_joined'), event(ada, 'room_users')];
    const bob = await join('Bob', 'maths');
    const [{ username, time }] = await joined;
    assert.equal(username, 'Bob');
    assert.match(time, TIME);
    assert.deepEqual(await users, [['Ada', 'Bob']]);

    const left = event(ada, 'user_left');
    bob.emit('join_room', { username: 'Bob', room: 'physics' });
    assert.equal((await left)[0].username, 'Bob');
    const again = event(bob, 'user_joined');
    ada.emit('join_room', { username: 'Ada', room: 'physics' });
    await again;
    const gone = event(bob, 'user_left');
    ada.close();
    assert.equal((await gone)[0].username, 'Ada');
  });

  it('carry messages to everybody in them, with a receipt', async () => {
    const [ada, bob] = [await join('Ada', 'talk'), await join('Bob', 'talk')];
    const elsewhere = await join('Eve', 'elsewhere');
    elsewhere.on('receive_message', () => assert.fail('it is in another room'));
    const both = Promise.all([event(ada, 'receive_message'), event(bob, 'receive_message')]);
    const [receipt] = await ask(ada, 'send_message', { room: 'talk', message: '<b>hello</b>' });
    for (const [message] of await both) {
      assert.match(message.time, TIME);
      assert.deepEqual(
        { ...message, time: '' },
        { id: receipt.messageId, username: 'Ada', message: '<b>hello</b>', time: '' },
      );
    }
    assert.equal(receipt.status, 'delivered');
    assert.equal((await ask(elsewhere, 'send_message', { room: 'talk', message: 'hello' }))[0].status, 'error');
  });

  it('remember, page by page', async () => {
    for (let writer = 0; writer < 5; writer += 1) {
      const socket = await join(`Writer ${writer}`, 'long');
      for (let n = 0; n < 5; n += 1) await ask(socket, 'send_message', { room: 'long', message: `${writer * 5 + n}` });
      socket.close();
    }
    const reader = await join('Reader', 'long');
    const numbers = (messages) => messages.map(({ message }) => Number(message));
    const { history, more } = reader.answer;
    assert.deepEqual(
      numbers(history),
      [...Array(20).keys()].map((n) => n + 5),
    );
    assert.equal(more, true);
    const [page] = await ask(reader, 'history', { before: history[0].id });
    assert.deepEqual([numbers(page.messages), page.more], [[0, 1, 2, 3, 4], false]);
  });

  it('are told who types, and the typist is not', async () => {
    const [ada, bob] = [await join('Ada', 'type'), await join('Bob', 'type')];
    ada.on('user_typing', () => assert.fail('she knows'));
    const typing = event(bob, 'user_typing');
    ada.emit('typing', { room: 'type', isTyping: true });
    assert.deepEqual(await typing, [{ username: 'Ada', isTyping: true }]);
  });

  it('take five messages in a second from one, and what makes sense', async () => {
    const flood = await join('Flood', 'flood');
    const answers = await Promise.all(
      [...Array(8).keys()].map((n) => ask(flood, 'send_message', { room: 'flood', message: `${n}` })),
    );
    assert.ok(answers.filter(([{ status }]) => status === 'delivered').length <= 6);
    const other = await join('Other', 'flood');
    for (const message of ['', '   ', 'x'.repeat(2001), 7]) {
      const [{ status }] = await ask(other, 'send_message', { room: 'flood', message });
      assert.equal(status, 'error');
    }
    const refused = event(other, 'error');
    other.emit('join_room', { username: 'x'.repeat(21), room: 'flood' });
    assert.match((await refused)[0].msg, /username/);
  });
});

describe('private messages', () => {
  it('go to an id or a name, and back to the sender', async () => {
    const [ada, bob] = [await registered('Ada'), await registered('Bob')];
    for (const to of [{ toSocketId: bob.id }, { toUsername: 'Bob' }]) {
      const [received, echo] = [event(bob, 'private_message'), event(ada, 'private_message')];
      ada.emit('private_message', { ...to, message: 'psst' });
      const [message] = await received;
      assert.deepEqual({ ...message, time: '' }, { from: 'Ada', fromId: ada.id, message: 'psst', time: '' });
      assert.deepEqual(await echo, [{ ...message, isSelf: true }]);
    }
    const refused = event(ada, 'error');
    ada.emit('private_message', { toUsername: 'Nobody', message: 'psst' });
    assert.deepEqual(await refused, [{ msg: 'Nobody is offline' }]);

    const presence = event(ada, 'presence_update');
    bob.close();
    const [online] = await presence;
    assert.ok(online.some(({ username, id }) => username === 'Ada' && id === ada.id));
    assert.ok(!online.some(({ username }) => username === 'Bob'));
  });
});

describe('administration', () => {
  it('is for those with the token', async () => {
    for (const auth of [{}, { token: 'wrong' }]) {
      const stranger = client(server, { namespace: '/admin', auth });
      stranger.connect();
      assert.equal((await event(stranger, 'connect_error'))[0].message, 'Unauthorized');
    }
    const [admin, user] = [
      await connect(server, { namespace: '/admin', auth: { token: 'admin' } }),
      await connect(server),
    ];
    const kicked = event(user, 'disconnect');
    admin.emit('kick_user', { socketId: user.id });
    assert.deepEqual((await kicked)[0], 'io server disconnect');
  });
});

describe('what is served', () => {
  it('is the page, the client, and answers that one other origin may read', async () => {
    assert.match(await (await fetch(server.url)).text(), /Join a room/);
    const script = await fetch(`${server.url}/socket.io/socket.io.min.js`);
    assert.match(script.headers.get('content-type'), /javascript/);
    assert.match(await script.text(), /sourceMappingURL=socket.io.min.js.map/);
    const polling = `${server.url}/socket.io/?EIO=4&transport=polling`;
    for (const [origin, allowed] of [
      ['https://chat.example', 'https://chat.example'],
      ['https://evil.example', null],
    ]) {
      const answer = await fetch(polling, { headers: { origin } });
      assert.equal(answer.headers.get('access-control-allow-origin'), allowed);
    }
  });
});
