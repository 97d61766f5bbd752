// What one may set for oneself: language, looks, password, devices. And who may come in at all.

import { logIn, PASSWORD, signUp } from '../../harness/http.mjs';
import { Person } from '../lib/person.mjs';
import { expect, test } from '../lib/test.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

async function openSettings(person, section) {
  await person.page.getByTestId('user-menu').click();
  await person.page.getByTestId('open-settings').click();
  await person.page.getByTestId(`settings-${section}`).click();
}

test('a device that is signed out from the list of devices lands at sign-in within a second', async ({
  enter,
  server,
}) => {
  const ada = await enter('ada');
  const other = await enter('ada', { account: { ...ada.account, cookie: await logIn(server, 'ada') } });
  const third = await enter('ada', { account: { ...ada.account, cookie: await logIn(server, 'ada') } });
  await openSettings(ada, 'sessions');
  const sessions = ada.page.getByTestId('session');
  await expect(sessions).toHaveCount(3);
  await expect(sessions.first()).toHaveAttribute('data-current', 'true');
  await expect(sessions.first().getByTestId('end-session')).toHaveCount(0);

  await ada.page.getByTestId('end-session').first().click();
  await expect(sessions).toHaveCount(2);
  await ada.page.getByTestId('end-others').click();
  await expect(sessions).toHaveCount(1);
  // One second is the promise; a test waits ten times that.
  for (const one of [other, third]) await expect(one.page.getByTestId('signin-form')).toBeVisible({ timeout: 10_000 });
  await ada.page.keyboard.press('Escape');
  await ada.say('still here');
  await ada.reads('still here');
});

test('a new password counts at once, the old one no more, and other devices are signed out', async ({
  enter,
  server,
  window,
}) => {
  const ada = await enter('ada');
  const other = await enter('ada', { account: { ...ada.account, cookie: await logIn(server, 'ada') } });
  await openSettings(ada, 'password');
  const [current, next] = [ada.page.getByTestId('current-password'), ada.page.getByTestId('new-password')];
  await current.fill('not this one');
  await next.fill('a better one, longer');
  await ada.page.getByTestId('change-password').click();
  await expect(ada.page.getByTestId('current-password-problem')).toBeVisible();
  await expect(current).toBeFocused();
  await current.fill(PASSWORD);
  await ada.page.getByTestId('change-password').click();
  await expect(ada.page.getByTestId('toast')).toContainText('Your password is changed');
  await expect(other.page.getByTestId('signin-form')).toBeVisible();

  const page = await window();
  await page.goto(server.url);
  for (const [password, works] of [
    [PASSWORD, false],
    ['a better one, longer', true],
  ]) {
    await page.getByTestId('username').fill('ada');
    await page.getByTestId('password').fill(password);
    await page.getByTestId('submit').click();
    if (works) await new Person(page).arrived('General');
    else await expect(page.getByTestId('password-problem')).toBeVisible();
  }
});

test('a name that could not be saved without a connection is saved by trying again', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const { page } = ada;
  await openSettings(ada, 'profile');
  line.cut();
  await expect(ada.banner).toBeVisible();
  await page.getByTestId('profile-name').fill('Ada L.');
  await page.getByTestId('profile-save').click();
  await expect(page.getByTestId('section-profile').getByRole('alert')).toContainText('No connection.');
  line.mend();
  await expect(ada.banner).toHaveCount(0);
  await page.getByTestId('profile-save').click();
  await expect(page.getByTestId('own-name')).toHaveText('Ada L.');
  await expect(page.getByTestId('section-profile').getByRole('alert')).toHaveCount(0);
});

test('colours and density are chosen for the device, and hold from the first paint', async ({ enter, server }) => {
  const ada = await enter('ada');
  const root = ada.page.locator('html');
  await ada.say('a line');
  await ada.reads('a line');
  const roomy = (await ada.message('a line').boundingBox()).height;
  await openSettings(ada, 'appearance');
  await ada.page.getByTestId('choose-dark').click();
  await ada.page.getByTestId('compact').click();
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await expect(root).toHaveAttribute('data-density', 'compact');

  await ada.noteFirst();
  await ada.page.goto(server.url);
  await ada.arrived('General');
  expect(await ada.page.evaluate(() => window.atFirst)).toMatchObject({ theme: 'dark', density: 'compact' });
  expect((await ada.message('a line').boundingBox()).height).toBeLessThan(roomy);
  await expect(ada.message('a line').locator('.face')).toBeHidden();
});

test('the page speaks the browser’s language, or the one that was chosen', async ({ enter, server }) => {
  const ada = await enter('ada', { locale: 'de-DE' });
  await expect(ada.page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(ada.composer).toHaveAttribute('placeholder', 'Nachricht an #General');
  await openSettings(ada, 'appearance');
  await ada.page.getByTestId('language').click();
  await ada.page.getByRole('menuitemradio', { name: 'English' }).click();
  await expect(ada.page.getByRole('heading', { level: 1 })).toHaveText('Settings');
  await ada.page.goto(server.url);
  await ada.arrived('General');
  await expect(ada.page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(ada.composer).toHaveAttribute('placeholder', 'Message #General');
});

test('the settings stand below each other, and their list leads to each and says which one is in view', async ({
  enter,
  server,
}) => {
  const ada = await enter('ada');
  const { page } = ada;
  const link = (section) => page.getByTestId(`settings-${section}`);
  const marked = page.getByTestId('settings').locator('[aria-current=location]');
  await page.getByTestId('user-menu').click();
  await page.getByTestId('open-settings').click();
  await expect(page.getByTestId('settings').locator('section')).toHaveCount(4);
  await expect(marked).toHaveText('Profile');
  await link('sessions').click();
  await expect(page).toHaveURL(/\/settings\/sessions$/);
  await expect(marked).toHaveText('Devices');
  await expect(page.getByTestId('session')).toBeInViewport();
  // Each comes to the top, the last ones too.
  const pages = page.getByTestId('settings').locator('.pages');
  const distance = async (section) =>
    (await page.locator(`#settings-${section}`).boundingBox()).y - (await pages.boundingBox()).y;
  await expect.poll(() => distance('sessions')).toBeLessThan(40);
  // The keys go on from there.
  await link('password').click();
  await page.keyboard.press('Tab');
  await expect(page.getByTestId('current-password')).toBeFocused();

  await expect.poll(() => distance('password')).toBeLessThan(40);
  await pages.evaluate((one) => (one.scrollTop = 0));
  await expect(marked).toHaveText('Profile');
  // To where one was led before, too.
  await link('password').click();
  await expect(marked).toHaveText('Password');
  await expect(page.getByTestId('current-password')).toBeInViewport();

  await page.goto(`${server.url}/settings/appearance`);
  await expect(marked).toHaveText('Appearance');
  await expect(page.getByTestId('compact')).toBeInViewport();
});

test('on a phone the settings are pages, and each leads back', async ({ enter }) => {
  const ada = await enter('ada', PHONE);
  await ada.back();
  await openSettings(ada, 'appearance');
  await expect(ada.page.getByRole('heading', { level: 1 })).toHaveText('Appearance');
  await ada.page.getByRole('link', { name: 'Back to settings' }).click();
  await expect(ada.page.getByTestId('settings-sessions')).toBeVisible();
  await ada.back();
  await expect(ada.entry('General')).toBeVisible();
});

test.describe('by invitation', () => {
  test.use({ settings: { HEARTH_SIGNUP: 'invite', HEARTH_RATE_LIMITS: 'off' } });

  test('without a good code nobody comes in, and the page says so at the field', async ({ server, window }) => {
    await signUp(server, 'owner');
    const page = await window();
    await page.goto(`${server.url}/signup?invite=wrong`);
    await expect(page.getByTestId('inviteCode')).toHaveValue('wrong');
    await page.getByTestId('username').fill('ada');
    await page.getByTestId('password').fill(PASSWORD);
    await page.getByTestId('submit').click();
    await expect(page.getByTestId('inviteCode-problem')).toContainText('This invitation is not valid');
    await expect(page.getByTestId('inviteCode')).toBeFocused();
    await page.getByTestId('inviteCode').fill('');
    await page.getByTestId('submit').click();
    await expect(page.getByTestId('inviteCode-problem')).toContainText('Enter the code');
  });

  test('the link of an invitation leads in, as often as it was meant to', async ({ server, window }) => {
    await signUp(server, 'owner');
    const code = /code: (\S+)/.exec(await server.operate('invite', 'create', '--uses', '1'))[1];
    for (const [username, works] of [
      ['ada', true],
      ['ben', false],
    ]) {
      const page = await window();
      await page.goto(`${server.url}/signup?invite=${code}`);
      await page.getByTestId('username').fill(username);
      await page.getByTestId('password').fill(PASSWORD);
      await page.getByTestId('submit').click();
      if (works) await new Person(page).arrived('General');
      else await expect(page.getByTestId('inviteCode-problem')).toBeVisible();
    }
  });
});

test.describe('closed', () => {
  test.use({ settings: { HEARTH_SIGNUP: 'closed', HEARTH_RATE_LIMITS: 'off' } });

  test('nobody is offered an account, and the page says why', async ({ server, window }) => {
    await signUp(server, 'owner');
    const page = await window();
    await page.goto(server.url);
    await expect(page.getByTestId('signin-form')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Create an account' })).toHaveCount(0);
    // Nor told how many have one.
    await expect(page.getByRole('banner')).toContainText('Hearth');
    await expect(page.getByRole('banner')).not.toContainText('member');
    await page.goto(`${server.url}/signup`);
    await expect(page.getByText('This server takes no new accounts.')).toBeVisible();
  });
});
