// A walk over every page and dialog, so that a test can look at each of them in its own way.

import { command } from '../../harness/command.mjs';
import { signUp } from '../../harness/http.mjs';
import { expect } from './test.mjs';

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Look at every page that a guest can see. `look(page, what)`. */
export async function walkGuest({ server, window, options, look }) {
  const page = await window(options);
  await page.goto(server.url);
  await expect(page.getByTestId('owner-note')).toBeVisible();
  await look(page, 'the first sign-up');
  await signUp(server, 'owner');
  await page.goto(`${server.url}/signin`);
  await page.getByTestId('submit').click();
  await expect(page.getByTestId('username')).toHaveAttribute('aria-invalid', 'true');
  await look(page, 'sign-in with problems');
  await page.goto(`${server.url}/signup`);
  await expect(page.getByTestId('signup-form')).toBeVisible();
  await look(page, 'sign-up');
}

/** Look at every page and dialog of somebody who is signed in. On a phone (`isPhone`) the list is a page of its own. */
export async function walkMember({ enter, options, look, isPhone = false }) {
  const ben = await enter('ben');
  // The line is cut once.
  const ada = await enter('ada', { ...options, outages: true });
  const { page } = ada;
  await look(page, 'an empty channel');
  await ben.say('A line with **bold**, _italic_, `code` and https://example.org/');
  await ben.say('> a quote\n\n- a list\n- of two\n\n```rust\nfn main() {} // coloured\n```');
  await ben.say(`A very long word: ${'abcdefghij'.repeat(30)}`);
  await ben.say('```\n' + 'one long line of code '.repeat(20) + '\n```');
  await ada.say('And one of my own');
  await expect(ada.messages).toHaveCount(5);
  await expect(ada.messages.last()).toHaveAttribute('data-state', 'sent');
  await look(page, 'a channel with messages');
  const address = page.url();
  await page.goto(`${address}/1`);
  await expect(page.locator('[data-testid=message][aria-current]')).toBeVisible();
  await look(page, 'a message that a link led to');
  await page.goto(address);
  await expect(ada.messages).toHaveCount(5);

  await page.getByTestId('toggle-panel').click();
  await expect(page.getByTestId('panel')).toBeVisible();
  await look(page, 'who is in the channel');
  await page.getByTestId('close-panel').first().click();
  await expect(page.getByTestId('panel')).toBeHidden();
  await ada.messages.last().focus();
  await page.keyboard.press('e');
  await expect(page.getByTestId('edit-text')).toBeFocused();
  await look(page, 'a message being edited');
  await page.keyboard.press('Escape');
  await ada.messages.last().focus();
  await page.keyboard.press('Delete');
  await expect(page.getByTestId('confirm-delete')).toBeVisible();
  await look(page, 'a message perhaps deleted');
  await page.getByTestId('keep-message').click();
  await expect(page.getByRole('alertdialog').or(page.getByRole('dialog'))).toHaveCount(0);

  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('switcher-query')).toBeFocused();
  await look(page, 'the switcher');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+/');
  await expect(page.getByRole('dialog')).toBeVisible();
  await look(page, 'the shortcuts');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();

  if (isPhone) {
    await page.getByTestId('channel').locator('header a').first().click();
    await expect(page.getByTestId('rail')).toBeVisible();
    await look(page, 'the list');
  }
  await page.getByTestId('browse-channels').click();
  await expect(page.getByTestId('channel-result')).toHaveCount(1);
  await look(page, 'the channels');
  if (isPhone) await page.goBack();
  for (const [name, button] of [
    ['create', 'new-channel'],
    ['direct', 'new-direct'],
  ]) {
    await page.getByTestId(button).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await look(page, `the ${name} dialog`);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await page.getByTestId('user-menu').click();
  await expect(page.getByRole('menu')).toBeVisible();
  await look(page, 'the account menu');
  await page.getByTestId('open-settings').click();
  await expect(page.getByTestId('settings')).toBeVisible();
  if (isPhone) await look(page, 'the list of settings');
  for (const section of ['profile', 'appearance', 'password', 'sessions']) {
    if (isPhone && !(await page.getByTestId(`settings-${section}`).isVisible())) await page.goBack();
    await page.getByTestId(`settings-${section}`).click();
    await expect(page.getByTestId(`section-${section}`)).toBeVisible();
    await look(page, `settings: ${section}`);
  }
  await ben.reach('Ada');
  await ben.say('hello');
  await expect(ada.entry(/Ben/)).toBeAttached();
  await page.goto(new URL(await ada.entry(/Ben/).getAttribute('href'), page.url()).href);
  await expect(ada.messages).toHaveCount(1);
  await look(page, 'a direct conversation');
  await walkOwnChannel(ada, look);
  await page.evaluate(leaveUnsent, ada.account.id);
  await page.goto(new URL('/c/nowhere', page.url()).href);
  await expect(page.getByTestId('no-channel')).toBeVisible();
  await page.getByTestId('unsent-here').waitFor();
  await look(page, 'a channel that does not exist');
  await page.getByTestId('unsent-here').click();
  await expect(page.getByTestId('unsent-message')).toBeVisible();
  await look(page, 'what was not sent');
}

/** Look at what only the owner of a channel sees, what becomes of a message that cannot be sent, and of a lost line. */
async function walkOwnChannel({ page, account, composer, messages, banner }, look) {
  const { origin } = new URL(page.url());
  const channel = { name: 'Garden', topic: `Beds and s${'e'.repeat(150)}ds`, type: 'private' };
  const { id } = await command({ url: origin }, account.cookie, 'channel:create', channel);
  for (const [button, what] of [
    ['edit-channel', 'the channel being edited'],
    ['add-people', 'people being added'],
    ['leave-channel', 'the channel perhaps left'],
  ]) {
    await page.goto(`${origin}/c/${id}/members`);
    await page.getByTestId(button).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await look(page, what);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await page.goto(`${origin}/c/${id}`);
  await expect(page.getByTestId('channel-start')).toBeVisible();
  await look(page, 'a channel of one’s own');
  // What no server takes, however it came into the page.
  await composer.evaluate((area) => {
    area.value = 'bad \u0000 letter';
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await composer.press('Enter');
  await expect(messages.last()).toHaveAttribute('data-state', 'failed');
  await look(page, 'a message that was refused');
  await page.context().setOffline(true);
  await expect(banner).toBeVisible();
  await look(page, 'a channel without a connection');
  await page.context().setOffline(false);
  await expect(banner).toHaveCount(0);
  await messages.last().getByTestId('discard').click();
  await expect(messages).toHaveCount(0);
}

/** In the page: leave a message behind that was refused in a channel that one is not in any more. */
async function leaveUnsent(userId) {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open(`hearth:${userId}`);
    request.onsuccess = () => resolve(request.result);
  });
  const change = database.transaction('outbox', 'readwrite');
  const row = { clientId: 'left', channelId: 'gone', place: '#gone', content: 'What I wanted to say', tries: 1 };
  const refusal = { code: 'NOT_FOUND', message: 'no channel' };
  change.objectStore('outbox').add({ ...row, state: 'failed', createdAt: Date.now(), refusal });
  await new Promise((resolve) => (change.oncomplete = resolve));
  database.close();
}
