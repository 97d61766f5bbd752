// The account menu: a part of the page that is fetched before it is asked for, or else when it is.

import { expect, test } from '../lib/test.mjs';

const PART = '**/assets/AccountMenu-*.js';

/** Keeps the menu from coming. `release` lets it through, and what was held with it. */
function hold() {
  const held = [];
  let isHeld = true;
  return {
    prepare: (context) => context.route(PART, (route) => (isHeld ? void held.push(route) : route.continue())),
    release: () => {
      isHeld = false;
      return Promise.all(held.map((route) => route.continue()));
    },
    held,
  };
}

test('the account menu has the keys and names of a menu, and gives the focus back', async ({ enter }) => {
  const { page } = await enter('ada');
  const button = page.getByTestId('user-menu');
  const menu = page.getByRole('menu', { name: /Ada/ });
  await expect(button).toHaveAttribute('aria-haspopup', 'menu');
  await expect(button).toHaveAttribute('aria-expanded', 'false');

  for (const key of ['Enter', ' ', 'ArrowDown']) {
    await button.focus();
    await page.keyboard.press(key);
    await expect(menu).toBeVisible();
    await expect(button).toHaveAttribute('aria-expanded', 'true');
    await expect(button).toHaveAttribute('aria-controls', await menu.getAttribute('id'));
    await expect(page.getByTestId('theme-light')).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(page.getByTestId('theme-dark')).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(menu).toBeHidden();
    await expect(button).toBeFocused();
    await expect(button).toHaveAttribute('aria-expanded', 'false');
  }

  await button.click();
  await expect(menu).toBeFocused();
  await button.click();
  await expect(menu).toBeHidden();
  await button.click();
  await expect(menu).toBeVisible();
  await page.getByTestId('composer').click();
  await expect(menu).toBeHidden();
  await expect(page.getByTestId('composer')).toBeFocused();
});

for (const [how, press] of [
  ['click', (button) => button.click()],
  ['key', (button) => button.press('Enter')],
]) {
  test(`the first ${how} opens the account menu, also while it is still on its way`, async ({ enter }) => {
    const part = hold();
    const { page } = await enter('ada', { prepare: part.prepare });
    await press(page.getByTestId('user-menu'));
    await expect.poll(() => part.held.length).toBeGreaterThan(0);
    await expect(page.getByRole('menu')).toHaveCount(0);
    await part.release();
    await expect(page.getByRole('menu')).toBeVisible();
    if (how === 'key') await expect(page.getByTestId('theme-light')).toBeFocused();
  });
}

test('an account menu that comes late does not take the focus from whoever went elsewhere', async ({ enter }) => {
  const part = hold();
  const ada = await enter('ada', { prepare: part.prepare });
  const button = ada.page.getByTestId('user-menu');
  await button.click();
  await expect.poll(() => part.held.length).toBeGreaterThan(0);
  await ada.composer.click();
  const came = ada.page.waitForResponse(PART);
  await part.release();
  await came;
  await ada.say('written meanwhile');
  await ada.reads('written meanwhile');
  await expect(ada.page.getByRole('menu')).toHaveCount(0);
  await expect(button).toHaveAttribute('aria-expanded', 'false');
  await button.click();
  await expect(ada.page.getByRole('menu')).toBeVisible();
});

test('an account menu that cannot be fetched is said, and opens when it can be', async ({ enter }) => {
  let isGone = true;
  const { page } = await enter('ada', {
    outages: true,
    prepare: (context) => context.route(PART, (route) => (isGone ? route.abort() : route.continue())),
  });
  const button = page.getByTestId('user-menu');
  await button.click();
  await expect(page.getByTestId('toast')).toHaveCount(1);
  await expect(button).toHaveAttribute('aria-expanded', 'false');
  isGone = false;
  await button.click();
  await expect(page.getByRole('menu')).toBeVisible();
});
