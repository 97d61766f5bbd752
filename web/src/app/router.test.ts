import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryHistory } from 'vue-router';

import { useSessionStore, type SessionState } from '../stores/session';
import { afterSignIn, ROUTE } from './routes';
import { makeRouter } from './router';

// Pages are not drawn here; their modules would open the connection.
vi.mock('../pages/ChatPage.vue', () => ({ default: {} }));
vi.mock('../pages/SignInPage.vue', () => ({ default: {} }));
vi.mock('../pages/SignUpPage.vue', () => ({ default: {} }));

beforeEach(() => setActivePinia(createPinia()));

async function go(state: SessionState, path: string, empty = false) {
  const session = useSessionStore();
  session.state = state;
  session.meta = {
    name: 'Hearth',
    version: '1',
    webBuild: '1',
    signup: 'open',
    empty,
    setupCode: false,
    members: null,
    signedIn: true,
  };
  const router = makeRouter(Promise.resolve(), createMemoryHistory());
  await router.push(path);
  return router.currentRoute.value;
}

describe('who is not signed in', () => {
  it('goes to sign-in, and the deep link goes along', async () => {
    const route = await go('signed-out', '/c/01980000-abc');
    expect(route.name).toBe(ROUTE.signIn);
    expect(route.query.next).toBe('/c/01980000-abc');
  });
  it('goes to sign-up where nobody has an account yet', async () => {
    expect((await go('signed-out', '/', true)).name).toBe(ROUTE.signUp);
  });
});

describe('who is signed in', () => {
  it('does not see sign-in, and lands where the link led', async () => {
    const route = await go('signed-in', '/signin?next=/c/01980000-abc');
    expect(route.fullPath).toBe('/c/01980000-abc');
  });
  it('lands at home from a path that does not exist', async () => {
    expect((await go('signed-in', '/no/such/page')).name).toBe(ROUTE.home);
  });
});

it('nothing is entered before it is known who is there', async () => {
  const session = useSessionStore();
  let known = (): void => undefined;
  const router = makeRouter(new Promise((resolve) => (known = resolve)), createMemoryHistory());
  const going = router.push('/c/1');
  session.state = 'signed-in';
  known();
  await going;
  expect(router.currentRoute.value.name).toBe(ROUTE.channel);
});

describe('the way on after sign-in', () => {
  it.each([
    'https://203.0.113.7/',
    '//203.0.113.7',
    '/c/../api',
    'javascript:alert(1)',
    '/c/1?x',
    '/signin',
    ['/c/1', '/c/2'],
  ])('leads only to a channel of ours, not to %s', (next) =>
    expect(afterSignIn(next as string)).toEqual({ name: ROUTE.home }),
  );
  it('leads to the channel', () => expect(afterSignIn('/c/01980000-abc')).toBe('/c/01980000-abc'));
  it('leads to the message', () => expect(afterSignIn('/c/01980000-abc/12')).toBe('/c/01980000-abc/12'));
});
