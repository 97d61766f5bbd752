// What every page owes everybody: reachable by all, whole on a phone, and quiet in the console (which every test checks).

import { expectAccessible } from '../lib/accessible.mjs';
import { expect, test } from '../lib/test.mjs';
import { walkGuest, walkMember } from '../lib/walk.mjs';

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
