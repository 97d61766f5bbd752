// The HTTP side of the wire, as any program may use it.

import http from 'node:http';

/**
 * A JSON request. Returns status, headers (lower case, `set-cookie` a list), the text and, where it is JSON, the body.
 * Not `fetch`, which refuses to send some of the headers that a hostile page or proxy sends.
 */
export async function request(server, method, path, { body, cookie, headers = {} } = {}) {
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const asked = http.request(server.url + path, {
    method,
    agent: false,
    headers: {
      ...(payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      ...(cookie ? { cookie } : {}),
      ...headers,
    },
  });
  asked.end(payload);
  const answer = await new Promise((resolve, reject) => {
    asked.once('response', resolve);
    asked.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    asked.once('error', reject);
  });
  const chunks = [];
  if (answer.statusCode !== 101) for await (const chunk of answer) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const isJson = answer.headers['content-type']?.startsWith('application/json');
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    body: isJson && text ? JSON.parse(text) : undefined,
  };
}

/** The `name=value` of the session cookie that an answer sets. */
export function sessionCookie(answer) {
  const set = answer.headers['set-cookie']?.find((line) => line.startsWith('sid='));
  return set?.split(';')[0];
}

export const PASSWORD = 'correct horse battery';

/** Create an account and return it with its cookie. */
export async function signUp(server, username, extra = {}) {
  const answer = await request(server, 'POST', '/api/signup', { body: { username, password: PASSWORD, ...extra } });
  if (answer.status !== 200) throw new Error(`sign-up of ${username}: ${answer.status} ${answer.text}`);
  return { ...answer.body, cookie: sessionCookie(answer) };
}

/** Sign in once more, as another device of that person would. Returns the cookie. */
export async function logIn(server, username) {
  const answer = await request(server, 'POST', '/api/login', { body: { username, password: PASSWORD } });
  if (answer.status !== 200) throw new Error(`login of ${username}: ${answer.status} ${answer.text}`);
  return sessionCookie(answer);
}

/** End the session of that cookie. */
export const logOut = (server, cookie) => request(server, 'POST', '/api/logout', { cookie });

/** The secret inside the cookie, as bots use it. */
export const tokenOf = (cookie) => cookie.slice('sid='.length);
