// What every dialog does, whatever it is about.

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
