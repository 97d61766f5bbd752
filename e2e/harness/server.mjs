// The real server binary, as a test needs it: on a free port, with a folder of its own, killed and started again at
// will, and gone afterwards.

import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { until } from './wait.mjs';

const binary = process.env.HEARTH_BIN;

/** Servers of this process and their folders; whatever happens to the process, they go with it. */
const running = new Set();
const folders = new Set();
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => process.exit(130));
}

/**
 * A port that nothing listens on, from below those that the system gives to outgoing connections: one of those could
 * be taken while the server is being restarted, by the very clients that look for it.
 */
async function freePort() {
  for (;;) {
    const probe = createServer();
    const port = randomInt(20_000, 30_000);
    probe.listen(port, '127.0.0.1');
    const isFree = await Promise.race([
      once(probe, 'listening').then(() => true),
      once(probe, 'error').then(() => false),
    ]);
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

export class Server {
  #folder;
  #env;
  #child = null;
  #log = '';
  port;

  /** Start a server with nothing in it. `env` adds to or replaces its settings. */
  static async start({ env = {} } = {}) {
    if (!binary) throw new Error('HEARTH_BIN must name the server binary; `cargo xtask test` sets it');
    const server = new Server();
    server.#env = env;
    server.#folder = await mkdtemp(join(tmpdir(), 'hearth-e2e-'));
    folders.add(server.#folder);
    for (let tries = 5; ; tries -= 1) {
      server.port = await freePort();
      try {
        await server.run();
        return server;
      } catch (error) {
        if (tries > 1 && /in use/i.test(server.#log)) continue;
        await server.remove();
        throw error;
      }
    }
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Everything that it has logged, over all its lives. */
  get log() {
    return this.#log;
  }

  get folder() {
    return this.#folder;
  }

  /** Start it (again) on its port and folder, and wait until it is ready. */
  async run() {
    const child = spawn(binary, [], {
      cwd: this.#folder,
      env: {
        PATH: process.env.PATH,
        RUST_BACKTRACE: '1',
        HEARTH_LISTEN: `127.0.0.1:${this.port}`,
        HEARTH_DATA: join(this.#folder, 'data'),
        HEARTH_LOG: process.env.HEARTH_E2E_LOG ?? 'info',
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const note = (chunk) => (this.#log += chunk);
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    this.#child = child;
    await until('a server that is ready', async () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${this.#log}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      return answer?.ok;
    });
  }

  /** What an operator does beside it, `hearth user` and its like. Returns what that says. */
  async operate(...args) {
    const env = { PATH: process.env.PATH, HEARTH_DATA: join(this.#folder, 'data') };
    const { stdout } = await promisify(execFile)(binary, args, { env });
    return stdout;
  }

  /** As a power cut would: SIGKILL. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** As an operator would: SIGTERM. Returns the exit code. */
  async stop() {
    return this.#end('SIGTERM');
  }

  async #end(signal) {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = await ended;
    return code;
  }

  /** Stop it for good and take its folder away. */
  async remove() {
    await this.#end('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
