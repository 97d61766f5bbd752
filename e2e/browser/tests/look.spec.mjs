// What every page owes everybody: reachable by all, whole on a phone, and quiet in the console (which every test checks).

import { signUp } from '../../harness/http.mjs';
import { expectAccessible, expectNoSidewaysScroll } from '../lib/accessible.mjs';
import { expect, test } from '../lib/test.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Look at every page that a guest can see. */
async function walkGuest({ server, window, options, look }) {
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

for (const theme of ['light', 'dark']) {
  test(`every page is accessible (${theme})`, async ({ server, window, enter }) => {
    const options = { colorScheme: theme };
    const look = expectAccessible;
    await walkGuest({ server, window, options, look });

    const ben = await enter('ben');
    const ada = await enter('ada', options);
    await expect(ada.page.locator('html')).toHaveAttribute('data-theme', theme);
    await look(ada.page, 'an empty channel');
    await ben.say('A line with **bold**, _italic_, `code` and https://example.org/');
    await ben.say('> a quote\n\n- a list\n- of two\n\n```rust\nfn main() {}\n```');
    await ada.say('And one of my own');
    await expect(ada.messages).toHaveCount(3);
    await look(ada.page, 'a channel with messages');
    for (const [name, button] of [
      ['browse', 'browse-channels'],
      ['create', 'new-channel'],
      ['direct', 'new-direct'],
    ]) {
      await ada.page.getByTestId(button).click();
      await expect(ada.page.getByRole('dialog')).toBeVisible();
      await look(ada.page, `the ${name} dialog`);
      await ada.page.keyboard.press('Escape');
      await expect(ada.page.getByRole('dialog')).toBeHidden();
    }
    await ada.page.getByTestId('user-menu').click();
    await expect(ada.page.getByRole('menu')).toBeVisible();
    await look(ada.page, 'the account menu');
    await ada.page.keyboard.press('Escape');
    await ada.reach('Ben');
    await ben.goTo(/Ada/);
    await ben.say('hello');
    await ada.reads('hello');
    await look(ada.page, 'a direct conversation');
  });
}

test('the check of accessibility finds what is wrong', async ({ page }) => {
  await page.setContent(
    '<html lang="en"><title>x</title><main><h1>x</h1><p style="color: #ccc">pale</p><img src="data:,"></main>',
  );
  await expect(expectAccessible(page, 'a bad page')).rejects.toThrow(/color-contrast[\s\S]*image-alt/);
});

test('on a phone every page fits its width', async ({ server, window, enter }) => {
  const look = expectNoSidewaysScroll;
  await walkGuest({ server, window, options: PHONE, look });
  const ben = await enter('ben');
  const ada = await enter('ada', PHONE);
  await ben.say(`A very long word: ${'abcdefghij'.repeat(30)}`);
  await ben.say('```\n' + 'one long line of code '.repeat(20) + '\n```');
  await expect(ada.messages).toHaveCount(2);
  await look(ada.page, 'a channel');
  await expectAccessible(ada.page, 'a channel on a phone');
  await ada.back();
  await expect(ada.entry('General')).toBeVisible();
  await look(ada.page, 'the list');
  await expectAccessible(ada.page, 'the list on a phone');
  for (const target of await ada.page.getByTestId('rail').locator('a:visible, button:visible').all()) {
    const box = await target.boundingBox();
    expect(
      Math.round(box.height),
      await target.evaluate((element) => element.outerHTML.slice(0, 120)),
    ).toBeGreaterThanOrEqual(44);
  }
  await ada.goTo('General');
  await ada.say('from my phone');
  await ben.reads('from my phone');
});

test('by keyboard alone: from sign-in to a message', async ({ server, window }) => {
  await signUp(server, 'ada');
  const page = await window();
  await page.goto(`${server.url}/signin`);
  await page.getByTestId('username').focus();
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type('correct horse battery');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('composer')).toBeFocused();
  await page.keyboard.type('no mouse');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('needed');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('message')).toHaveCount(1);
  await expect(page.getByTestId('message')).toContainText('needed');
});
