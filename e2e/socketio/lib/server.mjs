// An example of the library, for a suite.

import { after, before } from 'node:test';

import { start } from './process.mjs';

/** Declare that a suite runs against an example: `server.url`, from its first test to its last. */
export function example(name, env = {}) {
  const server = {};
  before(async () => {
    Object.assign(server, await start(name, env));
  });
  after(() => server.stop?.());
  return server;
}
