// The official client, and what the tests say with it.

import assert from 'node:assert/strict';
import { io } from 'socket.io-client';

import { until } from '../../harness/wait.mjs';

/** The three ways in. */
export const WAYS_IN = {
  WebSocket: ['websocket'],
  polling: ['polling'],
  'polling, then WebSocket': ['polling', 'websocket'],
};

const open = new Set();

/** A client that is not connected yet and does not connect by itself. */
export function client(server, { cookie, token, headers = {}, transports = ['websocket'], ...options } = {}) {
  const socket = io(server.url, {
    forceNew: true,
    autoConnect: false,
    reconnectionDelay: 50,
    reconnectionDelayMax: 300,
    extraHeaders: { ...(cookie ? { cookie } : {}), ...headers },
    ...(token ? { auth: { token } } : {}),
    transports,
    ...options,
  });
  // Events are kept from the first on: what comes right after CONNECT must not be missed.
  socket.seen = [];
  socket.onAny((name, ...args) => socket.seen.push({ name, data: args[0] }));
  open.add(socket);
  return socket;
}

/** Connect, and fail with the server's reason where it refuses. */
export async function connect(server, options) {
  const socket = client(server, options);
  await connected(socket);
  return socket;
}

export async function connected(socket) {
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', (error) => reject(Object.assign(error, { message: `refused: ${error.message}` })));
    socket.connect();
  });
}

/** Expect that the server refuses the connection; returns the client's error. */
export async function refused(server, options) {
  const socket = client(server, { reconnection: false, ...options });
  const error = await new Promise((resolve, reject) => {
    socket.once('connect', () => reject(new Error('the server let it in')));
    socket.once('connect_error', resolve);
    socket.connect();
  });
  socket.close();
  return error;
}

export const hangUp = () => {
  open.forEach((socket) => socket.close());
  open.clear();
};

/** A command and its whole answer. */
export const ask = (socket, name, ...payload) => socket.timeout(10_000).emitWithAck(name, ...payload);

/** A command that must succeed; returns its data. */
export async function call(socket, name, ...payload) {
  const answer = await ask(socket, name, ...payload);
  assert.equal(answer.status, 'OK', `${name}: ${JSON.stringify(answer)}`);
  return answer.data;
}

/** A command that must be refused with this code. Returns the answer. */
export async function refuses(code, socket, name, ...payload) {
  const answer = await ask(socket, name, ...payload);
  assert.equal(answer.status, 'ERROR', `${name} was let through: ${JSON.stringify(answer)}`);
  assert.equal(answer.code, code, `${name}: ${JSON.stringify(answer)}`);
  assert.equal(typeof answer.message, 'string');
  return answer;
}

/** Wait for an event, also one that has come already. Returns its data. */
export async function seen(socket, name, matches = () => true) {
  const event = await until(
    `the event ${name}`,
    () => socket.seen.find((event) => event.name === name && matches(event.data)),
    { detail: () => socket.seen },
  );
  return event.data;
}

export const allSeen = (socket, name) => socket.seen.filter((event) => event.name === name).map((event) => event.data);

/**
 * Wait until everything that the server had sent this socket has come: a command's answer never overtakes the events
 * before it.
 */
export const settled = (socket) => call(socket, 'channel:list', {});

/** The channel in which everybody is. */
export async function general(socket) {
  const channels = await call(socket, 'channel:list', { size: 100 });
  const found = channels.find((channel) => channel.name === 'General');
  assert.ok(found, 'everybody is in General');
  return found;
}

/** The whole history of a channel, page by page. */
export async function history(socket, channelId) {
  const messages = [];
  let after;
  for (;;) {
    const page = await ask(socket, 'message:list', { channelId, size: 100, ...(after ? { after } : {}) });
    assert.equal(page.status, 'OK', JSON.stringify(page));
    messages.push(...page.data);
    if (!page.hasMore) return messages;
    after = page.data.at(-1).id;
  }
}

let counter = 0;
/** A clientId that no other call returns. */
export const clientId = (prefix = 'c') => `${prefix}-${process.pid}-${(counter += 1)}`;
