// Sign-up, login, sessions and what the server tells about itself, over HTTP.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { logIn, logOut, PASSWORD, request, sessionCookie, signUp } from '../../harness/http.mjs';
import { onBothDatabases, sqlite } from '../lib/world.mjs';

onBothDatabases('accounts', (start) => {
  const world = start();

  test('the first account owns the server, and the next one does not', async () => {
    const { server } = world;
    assert.equal((await request(server, 'GET', '/api/meta')).body.empty, true);
    const owner = await signUp(server, 'Ola.First', { displayName: 'Ola' });
    const other = await signUp(server, 'second');
    const meta = (await request(server, 'GET', '/api/meta')).body;
    assert.equal(meta.empty, false);
    for (const key of ['name', 'version', 'webBuild', 'signup']) assert.equal(typeof meta[key], 'string', key);

    const self = async (who) => (await request(server, 'GET', '/api/self', { cookie: who.cookie })).body;
    const [ownerSelf, otherSelf] = [await self(owner), await self(other)];
    assert.equal(ownerSelf.id, owner.id);
    assert.equal(ownerSelf.username, 'Ola.First');
    assert.equal(ownerSelf.displayName, 'Ola');
    assert.equal(ownerSelf.role, 'owner');
    assert.notEqual(otherSelf.role, 'owner');
  });

  test('the session cookie is out of reach for scripts and other sites', async () => {
    const answer = await request(world.server, 'POST', '/api/signup', {
      body: { username: 'cookie', password: PASSWORD },
    });
    const line = answer.headers['set-cookie'].find((set) => set.startsWith('sid='));
    assert.match(line, /; ?HttpOnly/i);
    assert.match(line, /; ?SameSite=Lax/i);
    assert.ok(sessionCookie(answer).length > 40, 'a token of 256 bits');
    assert.equal(answer.headers['cache-control'], 'no-store');
  });

  test('a name is taken once, also when it is written differently', async () => {
    await signUp(world.server, 'Robin');
    for (const username of ['Robin', 'robin', 'ROBIN', 'rоbin' /* a Cyrillic o */]) {
      const answer = await request(world.server, 'POST', '/api/signup', { body: { username, password: PASSWORD } });
      assert.equal(answer.status, 409, username);
      assert.equal(answer.body.code, 'CONFLICT', username);
    }
  });

  test('what is not a valid sign-up is refused and says where', async () => {
    const refused = {
      'a short name': { username: 'x', password: PASSWORD },
      'a name with a space': { username: 'two words', password: PASSWORD },
      'an invisible character': { username: 'ad\u200bmin', password: PASSWORD },
      'a short password': { username: 'fine', password: 'short' },
      'an unknown field': { username: 'fine', password: PASSWORD, role: 'owner' },
      'no password': { username: 'fine' },
      'a number for a name': { username: 42, password: PASSWORD },
    };
    for (const [what, body] of Object.entries(refused)) {
      const answer = await request(world.server, 'POST', '/api/signup', { body });
      assert.equal(answer.status, 400, `${what}: ${answer.text}`);
      assert.equal(answer.body.code, 'INVALID', what);
      assert.ok(answer.body.errors?.length, `${what}: says where`);
    }
  });

  test('a wrong name and a wrong password look the same', async () => {
    await signUp(world.server, 'quinn');
    const attempt = (username, password) =>
      request(world.server, 'POST', '/api/login', { body: { username, password } });
    const [name, password] = [await attempt('nobody.here', PASSWORD), await attempt('quinn', 'not the password')];
    assert.equal(name.status, 401);
    assert.deepEqual([password.status, password.text], [name.status, name.text]);
    assert.equal(name.body.code, 'UNAUTHENTICATED');
    assert.equal(name.body.message, 'invalid credentials');
    assert.equal(sessionCookie(name), undefined);
  });

  test('logging in makes a session of its own, and logging out ends that one alone', async () => {
    const person = await signUp(world.server, 'sam');
    const phone = await logIn(world.server, 'SAM');
    assert.notEqual(phone, person.cookie);
    assert.equal((await logOut(world.server, phone)).status, 204);
    assert.equal((await request(world.server, 'GET', '/api/self', { cookie: phone })).status, 401);
    assert.equal((await request(world.server, 'GET', '/api/self', { cookie: person.cookie })).status, 200);
    assert.equal((await logOut(world.server, phone)).status, 204, 'once more');
    assert.equal((await logOut(world.server)).status, 204, 'without a session');
  });

  test('a session that was planted before login is not the one after it', async () => {
    await signUp(world.server, 'toni');
    const planted = 'sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    const answer = await request(world.server, 'POST', '/api/login', {
      body: { username: 'toni', password: PASSWORD },
      cookie: planted,
    });
    assert.equal(answer.status, 200);
    assert.notEqual(sessionCookie(answer), planted);
    assert.equal((await request(world.server, 'GET', '/api/self', { cookie: planted })).status, 401);
  });
});

describe('the HTTP door', () => {
  const world = sqlite();

  test('without a session there is no self', async () => {
    for (const cookie of [undefined, 'sid=nonsense', 'sid=']) {
      const answer = await request(world.server, 'GET', '/api/self', { cookie });
      assert.equal(answer.status, 401);
      assert.equal(answer.body.code, 'UNAUTHENTICATED');
    }
  });

  test('a form is not JSON, and broken JSON is not either', async () => {
    const form = await request(world.server, 'POST', '/api/login', {
      body: '{"username":"a","password":"b"}',
      headers: { 'content-type': 'text/plain' },
    });
    assert.equal(form.status, 415);
    const broken = await request(world.server, 'POST', '/api/login', { body: '{"username":' });
    assert.equal(broken.status, 400);
  });

  test('an unknown API address is a JSON 404, and any other is the web client', async () => {
    const api = await request(world.server, 'GET', '/api/no-such-thing');
    assert.equal(api.status, 404);
    assert.equal(api.body.code, 'NOT_FOUND');
    const page = await request(world.server, 'GET', '/c/some-channel');
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /^text\/html/);
    assert.match(page.headers['content-security-policy'], /default-src 'none'/);
    assert.match(page.headers['cache-control'], /no-cache/);
  });

  test('it is alive and ready', async () => {
    assert.equal((await fetch(`${world.server.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${world.server.url}/readyz`)).status, 200);
  });

  test('the sixth wrong password in a row has to wait, and the account is not locked for others', async () => {
    await signUp(world.server, 'target');
    const attempt = () =>
      request(world.server, 'POST', '/api/login', { body: { username: 'target', password: 'wrong one' } });
    for (let tries = 0; tries < 5; tries += 1) assert.equal((await attempt()).status, 401);
    const sixth = await attempt();
    assert.equal(sixth.status, 429);
    assert.equal(sixth.body.code, 'RATE_LIMITED');
    assert.ok(sixth.body.retryAfterMs > 0);
    // Loopback is a trusted proxy: what it forwards for another address is another address.
    const elsewhere = await request(world.server, 'POST', '/api/login', {
      body: { username: 'target', password: PASSWORD },
      headers: { 'x-forwarded-for': '203.0.113.7' },
    });
    assert.equal(elsewhere.status, 200);
  });

  test('SIGTERM ends it in order', async () => {
    assert.equal(await world.server.stop(), 0);
  });
});
