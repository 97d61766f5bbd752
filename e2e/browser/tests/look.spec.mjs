// What every page owes everybody: reachable by all, whole on a phone, and quiet in the console (which every test checks).

import { expectAccessible } from '../lib/accessible.mjs';
import { expect, test } from '../lib/test.mjs';
import { PHONE, walkGuest, walkMember } from '../lib/walk.mjs';

for (const theme of ['light', 'dark']) {
  test(`every page is accessible (${theme})`, async ({ server, window, enter }) => {
    test.slow();
    const options = { colorScheme: theme };
    const look = async (page, what) => {
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
      await expectAccessible(page, what);
    };
    await walkGuest({ server, window, options, look });
    await walkMember({ enter, options, look });
  });
}

test('the check of accessibility finds what is wrong', async ({ page }) => {
  await page.setContent(
    '<html lang="en"><title>x</title><main><h1>x</h1><p style="color: #ccc">pale</p><img src="data:,"></main>',
  );
  await expect(expectAccessible(page, 'a bad page')).rejects.toThrow(/color-contrast[\s\S]*image-alt/);
});

for (const [where, options] of [
  ['on a desktop', {}],
  ['on a phone', PHONE],
]) {
  test(`a notice covers neither what is being written nor the newest message, ${where}`, async ({ enter }) => {
    const ada = await enter('ada', options);
    await ada.say('a word');
    await ada.reads('a word');
    await ada.messages.last().focus();
    await ada.page.keyboard.press('c');
    const notice = ada.page.getByTestId('toast');
    await expect(notice).toBeVisible();
    const bottom = (box) => box.y + box.height;
    expect(bottom(await notice.boundingBox())).toBeLessThan((await ada.messages.last().boundingBox()).y);
    const bar = await ada.page.getByTestId('channel').locator('header').first().boundingBox();
    expect((await notice.boundingBox()).y, 'nor the bar').toBeGreaterThanOrEqual(bottom(bar));
  });
}
