// What the page shows first, and the parts that are fetched before anybody asks for them: after that, and not where data is
// to be saved.

import { expect, test } from '../lib/test.mjs';

const PART = /\/assets\/(?:\w+Dialog|AccountMenu|BrowsePage)-[^/]+\.js$/;

/** In the page: until it had nothing to do, several times over. */
const idle = async () => {
  for (let times = 0; times < 5; times += 1) await new Promise((resume) => requestIdleCallback(resume));
};

/** The parts that a page has asked for. */
function watchParts(context) {
  const asked = [];
  context.on('request', (request) => PART.test(request.url()) && asked.push(request.url()));
  return asked;
}

test('until the program has come the page shows its mark, and then nothing of it', async ({ server, window }) => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const page = await window({
    prepare: (context) => context.route('**/assets/index-*.js', (route) => held.then(() => route.continue())),
  });
  await page.goto(server.url, { waitUntil: 'commit' });
  const mark = page.getByTestId('coming');
  await expect(mark).toBeVisible();
  expect(await mark.evaluate((one) => one.decode().then(() => one.naturalWidth))).toBeGreaterThan(0);
  release();
  await expect(page.getByTestId('signup-form')).toBeVisible();
  await expect(mark).toHaveCount(0);
});

test('nothing is fetched beforehand while what the page shows is still on its way', async ({ enter }) => {
  let isHeld = true;
  const held = [];
  let asked;
  const entering = enter('ada', {
    prepare: async (context) => {
      asked = watchParts(context);
      await context.route('**/socket.io/**', (route) => (isHeld ? void held.push(route) : route.continue()));
    },
  });
  await expect.poll(() => held.length).toBeGreaterThan(0);
  const [route] = held;
  await route.request().frame().evaluate(idle);
  expect(asked).toEqual([]);
  isHeld = false;
  await Promise.all(held.map((one) => one.continue()));
  const { page } = await entering;
  await expect.poll(() => asked.filter((url) => /SwitcherDialog|AccountMenu|BrowsePage/.test(url)).length).toBe(3);
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('switcher-query')).toBeFocused();
});

test('a browser that saves data fetches no part beforehand, and each when it is asked for', async ({ enter }) => {
  let asked;
  const { page } = await enter('ada', {
    prepare: async (context) => {
      asked = watchParts(context);
      await context.addInitScript(() => Object.defineProperty(navigator, 'connection', { value: { saveData: true } }));
    },
  });
  await page.evaluate(idle);
  expect(asked).toEqual([]);
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('switcher-query')).toBeFocused();
  await page.keyboard.press('Escape');
  await page.getByTestId('browse-channels').click();
  await expect(page.getByTestId('channel-result')).toHaveCount(1);
});
