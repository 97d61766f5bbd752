// An example of the library as a process, on a port of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from '../../harness/wait.mjs';

const EXAMPLES =
  process.env.SOCKETIO_EXAMPLES ?? fileURLToPath(new URL('../../../target/debug/examples', import.meta.url));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Declare that a suite runs against an example: `server.url`, from its first test to its last. */
export function example(name, env = {}) {
  const server = {};
  before(async () => {
    const port = await freePort();
    server.url = `http://127.0.0.1:${port}`;
    server.process = spawn(`${EXAMPLES}/${name}`, { env: { ...process.env, PORT: port, ...env }, stdio: 'inherit' });
    await until(`${name} to listen`, () =>
      fetch(server.url).then(
        () => true,
        () => false,
      ),
    );
  });
  after(async () => {
    server.process.kill();
    if (server.process.exitCode === null && server.process.signalCode === null) await once(server.process, 'exit');
  });
  return server;
}
