// An example of the library as a process, on a port of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
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

/** Start an example, and wait until it listens. */
export async function start(name, env = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(`${EXAMPLES}/${name}`, { env: { ...process.env, PORT: port, ...env }, stdio: 'inherit' });
  await until(`${name} to listen`, () =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  return {
    url,
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
