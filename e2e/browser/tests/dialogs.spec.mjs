// What every dialog does, whatever it is about.

import { signUp } from '../../harness/http.mjs';
import { expect, test } from '../lib/test.mjs';

test('a press beside a dialog closes it, and reaches nothing of the page below', async ({ enter }) => {
  const { page } = await enter('ada');
  const dialog = page.getByRole('dialog');
  const address = page.url();
  const below = await page.getByTestId('browse-channels').boundingBox();
  await page.getByTestId('composer').focus();
  await page.keyboard.press('Control+k');
  await expect(dialog).toBeVisible();
  await page.mouse.click(below.x + below.width / 2, below.y + below.height / 2);
  await expect(dialog).toHaveCount(0);
  await expect(page.getByTestId('composer')).toBeFocused();
  expect(page.url()).toBe(address);
});

test('a dialog that wants a decision stays at a press beside it, and keeps the focus', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  line.refuseSockets();
  await ada.say('never sent');
  await ada.signOut();
  const stay = ada.page.getByTestId('stay');
  await expect(stay).toBeVisible();
  const below = await ada.page.getByTestId('browse-channels').boundingBox();
  await ada.page.mouse.click(below.x + below.width / 2, below.y + below.height / 2);
  for (let n = 0; n < 4; n++) {
    await ada.page.keyboard.press('Tab');
    const isWithin = await ada.page.evaluate(() => document.activeElement.closest('[role$=dialog]') !== null);
    expect(isWithin, 'the focus stays in the dialog').toBe(true);
  }
  await stay.click();
  await expect(stay).toBeHidden();
});

test('going back closes what lies over the page, and one writes on where one is', async ({ enter }) => {
  const ada = await enter('ada');
  const { page } = ada;
  await ada.say('a line');
  await ada.reads('a line');
  await ada.createChannel('Side');
  await ada.goTo('General');
  await ada.composer.fill('half a thought');
  const over = page.locator('[role=dialog], [role=alertdialog], [role=menu]');
  for (const open of [
    () => page.keyboard.press('Control+/'),
    () => page.getByTestId('jump').click(),
    () => page.getByTestId('user-menu').click(),
    () => page.getByTestId('user-menu').press('Enter'),
    async () => {
      await ada.message('a line').hover();
      await ada.message('a line').getByTestId('delete-message').click();
    },
  ]) {
    await open();
    await expect(over).toBeVisible();
    await page.goBack();
    await ada.arrived('Side');
    await expect(over).toHaveCount(0);
    await expect(ada.composer).toBeFocused();
    await page.goForward();
    await ada.arrived('General');
    await expect(ada.composer).toBeFocused();
    await expect(ada.composer).toHaveValue('half a thought');
  }
  // The other way round, too.
  await page.goBack();
  await ada.arrived('Side');
  await page.getByTestId('new-channel').click();
  await page.getByTestId('channel-name').fill('Never made');
  await page.goForward();
  await ada.arrived('General');
  await expect(over).toHaveCount(0);
  await expect(ada.composer).toBeFocused();
});

test('a notice beside a dialog can be read, and dismissed by mouse and by key, and the dialog stays', async ({
  enter,
  server,
  layLine,
}) => {
  await signUp(server, 'quentin', { displayName: 'Quentin Marsh' });
  const line = await layLine();
  const { page } = await enter('ada', { line });
  const dialog = page.getByRole('dialog');
  const notice = page.getByTestId('toast');
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('switcher-query')).toBeFocused();
  await page.keyboard.type('que');
  await expect(page.getByTestId('switcher-entry')).toHaveText(/Quentin/);
  line.cut();
  await page.keyboard.press('Enter');
  await expect(notice).toHaveAttribute('role', 'alert');
  const isOnTop = await notice.evaluate((one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  });
  expect(isOnTop, 'nothing lies over it').toBe(true);
  await expect(page.getByRole('alert')).toHaveText(/No connection/);
  await notice.getByRole('button').click();
  await expect(notice).toHaveCount(0);
  await expect(dialog).toBeVisible();

  await page.getByTestId('switcher-query').focus();
  await page.keyboard.press('Enter');
  await expect(notice).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(notice.getByRole('button')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(notice).toHaveCount(0);
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByTestId('switcher-query')).toBeFocused();

  // It outlives the dialog.
  await page.keyboard.press('Enter');
  await expect(notice).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(notice).toBeVisible();
  await notice.getByRole('button').click();
  await expect(notice).toHaveCount(0);
});
