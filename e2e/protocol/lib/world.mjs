// A server for a suite, on either database, cleaned up whatever happens.

import { after, before, describe } from 'node:test';
import pg from 'pg';

import { Server } from '../../harness/server.mjs';
import { hangUp } from './client.mjs';

/** Declare that this suite has a server on SQLite: `world.server`, from its first test to its last. */
export function sqlite(env = {}) {
  const world = {};
  before(async () => {
    world.server = await Server.start({ env });
  });
  after(async () => {
    hangUp();
    await world.server?.remove();
  });
  return world;
}

let databases = 0;

/** As `sqlite`, with a fresh PostgreSQL database. */
function postgres(env = {}) {
  const address = process.env.HEARTH_TEST_POSTGRES;
  const name = `e2e_${process.pid}_${Date.now()}_${(databases += 1)}`;
  const world = {};
  before(async () => {
    if (!address) throw new Error('HEARTH_TEST_POSTGRES must name a PostgreSQL server; `cargo xtask test` starts one');
    await administer(address, `CREATE DATABASE ${name}`);
    const url = new URL(address);
    url.pathname = `/${name}`;
    world.server = await Server.start({ env: { HEARTH_DATABASE_URL: url.href, ...env } });
  });
  after(async () => {
    hangUp();
    await world.server?.remove();
    await administer(address, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
  return world;
}

async function administer(address, statement) {
  const connection = new pg.Client({ connectionString: address });
  await connection.connect();
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}

/** The same suite once for each database. */
export function onBothDatabases(name, suite) {
  for (const [database, start] of Object.entries({ SQLite: sqlite, PostgreSQL: postgres })) {
    describe(`${name} (${database})`, () => suite(start));
  }
}
