// For everybody: by keyboard alone, for the ear, enlarged, from right to left, without motion, under a finger.

import { expectAccessible, expectNoSidewaysScroll } from '../lib/accessible.mjs';
import {
  expectFingerSized,
  expectFocusSeen,
  expectNothingCutOff,
  expectStill,
  expectTranslated,
  mirror,
} from '../lib/reach.mjs';
import { lines, scribe, scrollTo } from '../lib/scribe.mjs';
import { expect, test } from '../lib/test.mjs';
import { PHONE, walkGuest, walkMember } from '../lib/walk.mjs';
import { PASSWORD, signUp } from '../../harness/http.mjs';

/** 200 % of a window of 1280 × 800 leaves a page so many CSS pixels. */
const ENLARGED = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 };
const speaks = (language) => (context) =>
  context.addInitScript((code) => localStorage.setItem('hearth:language', code), language);

async function walk(fixtures, options, look, isPhone = false) {
  await walkGuest({ ...fixtures, options, look });
  await walkMember({ ...fixtures, options, look, isPhone });
}

test('enlarged to 200 % and in a longer language, every page and dialog is whole and all of it translated', async ({
  server,
  window,
  enter,
}) => {
  test.slow();
  const options = { ...ENLARGED, prepare: speaks('en-XA') };
  const look = async (page, what) => {
    await expectTranslated(page, what);
    await expectNoSidewaysScroll(page, what);
    await expectNothingCutOff(page, what);
  };
  await walk({ server, window, enter }, options, look, true);
});

test('on a phone every page and dialog fits, what is pressed is as large as a fingertip, and nothing moves for those who want it so', async ({
  server,
  window,
  enter,
}) => {
  test.slow();
  const look = async (page, what) => {
    await expectNoSidewaysScroll(page, what);
    await expectFingerSized(page, what);
    await expectStill(page, what);
    await expectAccessible(page, what);
  };
  await walk({ server, window, enter }, { ...PHONE, reducedMotion: 'reduce' }, look, true);
});

test('from right to left every page is its own mirror image', async ({ server, window, enter }) => {
  test.slow();
  await walk({ server, window, enter }, {}, async (page, what) => {
    await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
    const [one, other] = await page.evaluate(mirror);
    await page.evaluate(() => (document.documentElement.dir = 'rtl'));
    await expectNoSidewaysScroll(page, what);
    await page.evaluate(() => (document.documentElement.dir = 'ltr'));
    expect(other, what).toEqual(one);
  });
  const cleo = await enter('cleo', { prepare: speaks('ar-XB') });
  await expect(cleo.page.locator('html')).toHaveAttribute('dir', 'rtl');
  await cleo.page.goto(`${server.url}/settings/appearance`);
  const [light, dark] = [cleo.page.getByTestId('choose-light'), cleo.page.getByTestId('choose-dark')];
  expect((await light.boundingBox()).x).toBeGreaterThan((await dark.boundingBox()).x);
  await light.focus();
  await cleo.page.keyboard.press('ArrowLeft');
  await expect(dark).toBeFocused();
});

test('on a phone the list and a channel are pages of their own, and Back leads from one to the other', async ({
  enter,
}) => {
  const ada = await enter('ada', PHONE);
  const rail = ada.page.getByTestId('rail');
  await expect(ada.timeline).toBeVisible();
  await expect(rail).toBeHidden();
  await ada.back();
  await expect(rail).toBeVisible();
  await expect(ada.timeline).toBeHidden();
  const { width } = await rail.boundingBox();
  expect(width, 'one column').toBe(PHONE.viewport.width);
  await ada.entry('General').tap();
  await expect(ada.timeline).toBeVisible();
  await expect(rail).toBeHidden();
  await ada.page.goBack();
  await expect(rail).toBeVisible();
  await ada.page.goForward();
  await expect(ada.timeline).toBeVisible();
});

test('wherever the keys lead, one sees where one is', async ({ enter, server, window }) => {
  test.slow();
  // What changes takes no time.
  const options = { reducedMotion: 'reduce' };
  const guest = await window(options);
  await guest.goto(`${server.url}/signup`);
  await expect(guest.getByTestId('signup-form')).toBeVisible();
  await expectFocusSeen(guest, 'sign-up', 4);

  const ada = await enter('ada', options);
  const { page } = ada;
  await ada.say('a line with https://example.org/');
  await ada.say('```\ncode\n```');
  await expect(ada.messages).toHaveCount(2);
  await page.getByTestId('toggle-panel').click();
  await expect(page.getByTestId('member')).toHaveCount(1);
  await expectFocusSeen(page, 'a channel and its members', 15);
  await page.getByTestId('browse-channels').click();
  await expect(page.getByTestId('channel-result')).toHaveCount(1);
  await expectFocusSeen(page, 'the channels', 10);
  await page.goto(`${server.url}/settings`);
  await expect(page.getByTestId('session')).toHaveCount(1);
  await expectFocusSeen(page, 'the settings', 18);
  for (const [name, button] of [
    ['create', 'new-channel'],
    ['direct', 'new-direct'],
  ]) {
    await page.getByTestId(button).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectFocusSeen(page, `the ${name} dialog`, 3);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
});

test('what is written from right to left runs so, and stands at the edge where all texts do', async ({ enter }) => {
  const ada = await enter('ada', { displayName: 'עדה' });
  await ada.say('שלום, עולם!');
  await ada.say('hello, world!');
  await expect(ada.messages).toHaveCount(2);
  /** In the page: where a text begins, and where the sign at its end is drawn. */
  const places = (paragraph) => {
    const text = [...paragraph.childNodes].find((node) => node.length > 0);
    const box = (from, to) => {
      const range = document.createRange();
      range.setStart(text, from);
      range.setEnd(text, to);
      return range.getBoundingClientRect();
    };
    return { edge: box(0, text.length).left, first: box(0, 1).left, last: box(text.length - 1, text.length).left };
  };
  const paragraph = (text) => ada.message(text).locator('.text p');
  const [hebrew, english] = [await paragraph('שלום').evaluate(places), await paragraph('hello').evaluate(places)];
  expect(hebrew.last).toBeLessThan(hebrew.first);
  expect(english.last).toBeGreaterThan(english.first);
  expect(Math.abs(hebrew.edge - english.edge)).toBeLessThan(1);
  // So do the points of a list: nothing stands apart from them at the other edge.
  await ada.say('- אחד\n- שניים');
  const list = ada.messages.last().locator('ul');
  await expect(list.locator('li')).toHaveText(['אחד', 'שניים']);
  const { x, y, width, height } = await list.boundingBox();
  const far = { x: x + width / 2, y, width: ada.page.viewportSize().width - (x + width / 2), height };
  const withPoints = await ada.page.screenshot({ clip: far });
  await list.evaluate((one) => (one.style.listStyle = 'none'));
  expect((await ada.page.screenshot({ clip: far })).equals(withPoints)).toBe(true);

  const direction = (locator) => locator.evaluate((one) => getComputedStyle(one).direction);
  for (const name of [ada.messages.first().locator('.name'), ada.page.getByTestId('own-name')]) {
    expect(await direction(name)).toBe('rtl');
  }
  for (const [text, runs] of [
    ['שלום', 'rtl'],
    ['hello', 'ltr'],
  ]) {
    await ada.composer.fill(text);
    expect(await direction(ada.composer)).toBe(runs);
  }
});

test('a whole visit without a mouse', async ({ server, window, enter }) => {
  await signUp(server, 'ada', { displayName: 'Ada' });
  const ben = await enter('ben');
  const page = await window();
  const { keyboard } = page;
  const press = async (...keys) => {
    for (const key of keys) await keyboard.press(key);
  };
  /** Tab until the focus is there: never more stops than a person would bear. */
  const tabTo = async (locator, key = 'Tab') => {
    for (let stops = 0; stops < 25; stops += 1) {
      if (await locator.evaluate((one) => one === document.activeElement)) return;
      await keyboard.press(key);
    }
    await expect(locator).toBeFocused();
  };
  await page.goto(`${server.url}/signin`);
  await tabTo(page.getByTestId('username'));
  await keyboard.type('ada');
  await press('Tab');
  await keyboard.type(PASSWORD);
  await press('Enter');
  await expect(page.getByTestId('composer')).toBeFocused();

  await tabTo(page.getByTestId('new-channel'), 'Shift+Tab');
  await press('Enter');
  await expect(page.getByTestId('channel-name')).toBeFocused();
  // The focus stays in the dialog, and returns to what opened it.
  for (let stops = 0; stops < 12; stops += 1) {
    await press('Tab');
    await expect(page.locator('[role=dialog] :focus')).toHaveCount(1);
  }
  await press('Escape');
  await expect(page.getByTestId('new-channel')).toBeFocused();
  await press('Enter');
  await expect(page.getByTestId('channel-name')).toBeFocused();
  await keyboard.type('By keys');
  await press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('By keys');
  await expect(page.getByTestId('composer')).toBeFocused();

  for (const text of ['one', 'two', 'three']) {
    await keyboard.type(text);
    await press('Enter');
  }
  const messages = page.getByTestId('message');
  await expect(messages).toHaveCount(3);
  // All messages are one stop, and the arrows move among them.
  await tabTo(messages.last(), 'Shift+Tab');
  await press('ArrowUp', 'ArrowUp');
  await expect(messages.first()).toBeFocused();
  expect(await messages.evaluateAll((rows) => rows.filter((row) => row.tabIndex === 0).length)).toBe(1);
  const outline = await messages.first().evaluate((row) => getComputedStyle(row).outlineStyle);
  expect(outline, 'the focus can be seen').not.toBe('none');
  await press('End');
  await expect(messages.last()).toBeFocused();

  await press('Control+k');
  await expect(page.getByTestId('switcher-query')).toBeFocused();
  await keyboard.type('gen');
  await press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('General');
  await expect(page.getByTestId('composer')).toBeFocused();
  await keyboard.type('hello ben');
  await press('Enter');
  await ben.reads('hello ben');

  await tabTo(page.getByTestId('user-menu'), 'Shift+Tab');
  await press('Enter');
  await expect(page.getByRole('menu')).toBeVisible();
  await press('End', 'Enter');
  await expect(page.getByTestId('signin-form')).toBeVisible();
});

test('what arrives is announced once, politely; history and one’s own words never', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 120));
  const ada = await enter('ada');
  await ada.page.evaluate(() => {
    window.said = [];
    const region = document.querySelector('[data-testid=announcer]');
    new MutationObserver(() => window.said.push(region.textContent.trim())).observe(region, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  const said = () => ada.page.evaluate(() => window.said.filter(Boolean));
  await expect(ada.page.getByTestId('announcer')).toHaveAttribute('aria-live', 'polite');
  await expect(ada.timeline).toHaveAttribute('aria-live', 'off');
  await expect(ada.timeline).toHaveAttribute('role', 'log');
  await expect
    .poll(async () => {
      await scrollTo(ada.timeline, 0);
      return ada.page.getByTestId('channel-start').count();
    })
    .toBe(1);
  await ada.say('my own');
  await ada.reads('my own');
  await writer.write(['something new']);
  await expect.poll(said).toHaveLength(1);
  expect((await said())[0]).toContain('something new');
  expect((await said())[0]).toContain('Scribe');
});
