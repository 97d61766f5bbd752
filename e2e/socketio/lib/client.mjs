// The official clients, and what the tests say with them.

import { after } from 'node:test';
import { io as io3 } from 'socket.io-client-3';
import { io as io4 } from 'socket.io-client';

export const CLIENTS = { 4.8: io4, 3.1: io3 };

/** The three ways in. */
export const WAYS_IN = {
  WebSocket: ['websocket'],
  polling: ['polling'],
  'polling, then WebSocket': ['polling', 'websocket'],
};

const open = new Set();
after(() => {
  for (const { io } of open) {
    // Other namespaces of the same connection may be open still.
    io.reconnection(false);
    io.engine?.close();
  }
});

/** A client that connects when it is told to. */
export function client(server, { io = io4, namespace = '/', ...options } = {}) {
  const socket = io(server.url + namespace, {
    forceNew: true,
    autoConnect: false,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    ...options,
  });
  open.add(socket);
  return socket;
}

/** A client that is connected. With an upgrade to come, it has come. */
export async function connect(server, options) {
  const socket = client(server, options);
  socket.connect();
  await event(socket, 'connect');
  if (options?.transports?.length === 2 && socket.io.engine.transport.name === 'polling') {
    await event(socket.io.engine, 'upgrade');
  }
  return socket;
}

/** The arguments of the next event of this name. */
export function event(emitter, name) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${name} came`)), 10_000);
    emitter.once(name, (...args) => {
      clearTimeout(late);
      resolve(args);
    });
  });
}

/** Emit, and return what the answer brings. */
export const ask = (socket, name, ...args) =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${name} was not answered`)), 10_000);
    socket.emit(name, ...args, (...answer) => {
      clearTimeout(late);
      resolve(answer);
    });
  });

/** Cut the connection, as a network does. */
export const cut = (socket) => socket.io.engine.close();
