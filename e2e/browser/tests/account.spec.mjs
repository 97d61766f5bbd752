// Signing up, in and out, as a person does it.

import { logIn, PASSWORD, request, signUp } from '../../harness/http.mjs';
import { Person } from '../lib/person.mjs';
import { leftInTheBrowser } from '../lib/stored.mjs';
import { expect, test } from '../lib/test.mjs';
import { PHONE } from '../lib/walk.mjs';

async function fillIn(page, fields) {
  for (const [field, value] of Object.entries(fields)) await page.getByTestId(field).fill(value);
  await page.getByTestId('submit').click();
}

test('the first visit to an empty server says whose it becomes, and sign-up leads into General', async ({
  server,
  window,
}) => {
  const page = await window();
  await page.goto(server.url);
  await expect(page.getByTestId('owner-note')).toBeVisible();
  expect(await page.getByTestId('signup-form').locator('input').count()).toBeLessThanOrEqual(3);
  await fillIn(page, { displayName: 'Ada', username: 'ada', password: PASSWORD });
  const ada = new Person(page);
  await ada.arrived('General');
  await expect(page).toHaveURL(/\/c\//);
  await expect(ada.composer).toBeFocused();
  await page.reload();
  await ada.arrived('General');
});

test('a wrong password keeps the name and says so at the field', async ({ server, window }) => {
  await signUp(server, 'ada');
  const page = await window();
  await page.goto(server.url);
  await fillIn(page, { username: 'ada', password: 'something else' });
  await expect(page.getByTestId('username')).toHaveValue('ada');
  await expect(page.getByText('That name or password doesn’t match.')).toBeVisible();
  await fillIn(page, { password: PASSWORD });
  await new Person(page).arrived('General');
});

test.describe('of a server with a name', () => {
  test.use({ settings: { HEARTH_NAME: 'Harbour Club', HEARTH_RATE_LIMITS: 'off' } });

  test('sign-in says where one is, and how many are there', async ({ server, window }) => {
    await signUp(server, 'ada');
    await signUp(server, 'ben');
    for (const options of [{}, PHONE]) {
      const page = await window(options);
      await page.goto(server.url);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in to Harbour Club');
      const line = page.getByRole('banner').getByText(/127\.0\.0\.1:\d+ · Hearth \d+\.\d+\.\d+ · 2 members/);
      await expect(line).toBeVisible();
      await page.getByRole('link', { name: 'Create an account' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Join Harbour Club');
      await expect(line).toBeVisible();
      await expect(page.getByTestId('owner-note')).toHaveCount(0);
    }
  });
});

test('a name that is taken is said at its field', async ({ server, window }) => {
  await signUp(server, 'ada');
  const page = await window();
  await page.goto(`${server.url}/signup`);
  await fillIn(page, { username: 'Ada', password: PASSWORD });
  await expect(page.getByTestId('username-problem')).toBeVisible();
  await expect(page.getByTestId('username')).toBeFocused();
  await expect(page.getByTestId('username')).toHaveAttribute('aria-invalid', 'true');
});

test('whose account is disabled is signed out, and told so on signing in; whoever guesses is not', async ({
  enter,
  server,
}) => {
  await signUp(server, 'owner');
  // Its connection may be on its way to a WebSocket when it is cut.
  const { page } = await enter('ada', { outages: true });
  await server.operate('user', 'disable', 'ada');
  await expect(page.getByTestId('signin-form')).toBeVisible();
  await fillIn(page, { username: 'ada', password: 'something else' });
  await expect(page.getByTestId('password-problem')).toHaveText('That name or password doesn’t match.');
  await fillIn(page, { password: PASSWORD });
  await expect(page.getByTestId('form-problem')).toHaveText('This account is disabled. Ask whoever runs this server.');
  await server.operate('user', 'enable', 'ada');
  await fillIn(page, { password: PASSWORD });
  await new Person(page).arrived('General');
});

test('a deep link survives signing in', async ({ server, enter, window }) => {
  const ada = await enter('ada');
  await ada.createChannel('Deep');
  const path = new URL(ada.page.url()).pathname;
  const page = await window();
  await page.goto(server.url + path);
  await fillIn(page, { username: 'ada', password: PASSWORD });
  await new Person(page).arrived('Deep');
  expect(new URL(page.url()).pathname).toBe(path);
});

test('signing out leads to sign-in, and a session that ends elsewhere does too', async ({ server, enter }) => {
  const ada = await enter('ada');
  const other = await enter('ada', { account: { ...ada.account, cookie: await logIn(server, 'ada') } });
  await ada.signOut();
  await expect(ada.page.getByTestId('signin-form')).toBeVisible();
  await other.say('still here');
  await other.reads('still here');
  await request(server, 'POST', '/api/logout', { cookie: other.account.cookie });
  await expect(other.page.getByTestId('signin-form')).toBeVisible();
});

test('signing out in one tab signs out the other at once, and it stays out', async ({ server, enter }) => {
  const ada = await enter('ada');
  const other = new Person(await ada.page.context().newPage(), ada.account);
  await other.page.goto(server.url);
  await other.arrived();
  await other.page.evaluate(() => {
    window.pages = [];
    const look = () => {
      const page = location.pathname.split('/')[1];
      if (window.pages.at(-1) !== page) window.pages.push(page);
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true });
  });
  // The server takes its time to hear of it: until then the cookie still opens everything.
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await ada.page.route('**/api/logout', async (route) => {
    await held;
    await route.continue();
  });
  const reached = ada.page.waitForRequest('**/api/logout');
  await ada.signOut();
  await reached;
  await expect(other.page.getByTestId('signin-form')).toBeVisible();
  await expect.poll(() => other.page.evaluate(() => localStorage.getItem('hearth.self'))).toBe(null);
  letGo();
  await expect.poll(() => other.page.evaluate(() => localStorage.getItem('hearth.leaving'))).toBe(null);
  await expect(other.page.getByTestId('signin-form')).toBeVisible();
  expect(await other.page.evaluate(() => window.pages)).toEqual(['c', 'signin']);
  expect(JSON.parse(`[${(await other.page.evaluate(leftInTheBrowser)) || ''}]`).flat()).toEqual([]);
});
