// The page says what it is: too old a browser, broken, out of date, or without news of others.

import { expectAccessible } from '../lib/accessible.mjs';
import { expect, test } from '../lib/test.mjs';

test('a browser that lacks what the page needs is told so, in its language', async ({ server, window }) => {
  for (const [locale, words] of [
    ['en-GB', 'This browser is too old for Hearth.'],
    ['de-DE', 'Dieser Browser ist zu alt für Hearth.'],
  ]) {
    const page = await window({
      locale,
      prepare: (context) => context.addInitScript(() => delete Array.prototype.toSorted),
    });
    await page.goto(server.url);
    await expect(page.getByTestId('unsupported').getByRole('heading')).toHaveText(words);
    await expect(page.getByTestId('signup-form')).toHaveCount(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  }
});

test('a page whose program or looks do not come says so, in its language, and loads when they can be had', async ({
  server,
  window,
}) => {
  for (const [part, locale, words] of [
    ['**/assets/index-*.js', 'en-GB', 'Hearth could not be loaded.'],
    ['**/assets/*.css', 'de-DE', 'Hearth ließ sich nicht laden.'],
  ]) {
    let isGone = true;
    const page = await window({
      locale,
      outages: true,
      prepare: (context) => context.route(part, (route) => (isGone ? route.abort() : route.continue())),
    });
    await page.goto(server.url);
    await expect(page.getByTestId('not-loaded').getByRole('heading')).toHaveText(words);
    await expect(page.getByTestId('signup-form')).toHaveCount(0);
    isGone = false;
    await page.getByTestId('reload').click();
    await expect(page.getByTestId('signup-form')).toBeVisible();
  }
});

test('a page whose looks do not come while its language is on its way keeps saying so', async ({ server, window }) => {
  let release;
  const said = new Promise((resolve) => (release = resolve));
  const page = await window({
    locale: 'de-DE',
    outages: true,
    prepare: async (context) => {
      // The browser may tell it when the program runs already.
      await context.addInitScript(() => {
        const hold = (event) => {
          if (event.target.rel !== 'stylesheet') return;
          event.stopImmediatePropagation();
          removeEventListener('error', hold, true);
          window.tell = () => event.target.dispatchEvent(new Event('error'));
        };
        addEventListener('error', hold, true);
      });
      await context.route('**/assets/*.css', (route) => route.abort());
      await context.route('**/assets/de-*.js', (route) => said.then(() => route.continue()));
    },
  });
  const asked = page.waitForRequest('**/assets/de-*.js');
  await page.goto(server.url);
  await asked;
  await page.evaluate(() => window.tell());
  await expect(page.getByTestId('not-loaded')).toBeVisible();
  release();
  await page.waitForLoadState('networkidle');
  await expect(page.getByTestId('not-loaded')).toBeVisible();
});

test('a first page that cannot be fetched says so, and loads when it can be', async ({ server, window }) => {
  let isGone = true;
  const page = await window({
    outages: true,
    mayBreak: true,
    prepare: (context) =>
      context.route('**/assets/SignUpPage-*.js', (route) => (isGone ? route.abort() : route.continue())),
  });
  await page.goto(server.url);
  await expect(page.getByTestId('error-page')).toContainText('This page could not be loaded');
  await expectAccessible(page, 'a page that did not come');
  isGone = false;
  await page.getByTestId('reload').click();
  await expect(page.getByTestId('signup-form')).toBeVisible();
});

test('what cannot be drawn is an error page, which leads back without losing what was written', async ({ enter }) => {
  const ada = await enter('ada', { mayBreak: true });
  await ada.say('a line');
  await ada.reads('a line');
  await ada.composer.fill('half a thought');
  // What is kept on this device goes bad.
  const spoil = () =>
    ada.page.evaluate(async (name) => {
      const database = await new Promise((resolve) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => resolve(opening.result);
      });
      const store = database.transaction('snapshots', 'readwrite').objectStore('snapshots');
      const read = store.getAll();
      const count = await new Promise((resolve) => {
        read.onsuccess = () => {
          for (const snapshot of read.result) {
            store.put({ ...snapshot, rows: snapshot.rows.map((row) => ({ ...row, content: 7 })) });
          }
          resolve(read.result.length);
        };
      });
      database.close();
      return count;
    }, `hearth:${ada.account.id}`);
  await expect.poll(spoil).toBe(1);
  await ada.page.reload();
  await expect(ada.page.getByTestId('error-page')).toBeVisible();
  await ada.page.getByTestId('begin-anew').click();
  await ada.arrived('General');
  await ada.reads('a line');
  await expect(ada.composer).toHaveValue('half a thought');
});

test('a new version of the page is offered, and reloading keeps what was begun', async ({ enter }) => {
  let build = null;
  let cut = () => undefined;
  const ada = await enter('ada', {
    outages: true,
    prepare: (context) =>
      context.routeWebSocket(/\/socket\.io\//, (socket) => {
        const server = socket.connectToServer();
        server.onMessage((message) => {
          const isOther = build !== null && typeof message === 'string';
          socket.send(isOther ? message.replace(/"webBuild":"[^"]*"/, `"webBuild":"${build}"`) : message);
        });
        cut = () => socket.close();
      }),
  });
  await ada.say('before');
  await ada.reads('before');
  await ada.composer.fill('half a thought');
  await expect(ada.page.getByTestId('new-version')).toHaveCount(0);
  build = 'another';
  cut();
  await expect(ada.page.getByTestId('new-version')).toContainText('A new version of Hearth is ready.');
  await ada.page.evaluate(() => (window.isOld = true));
  await ada.page.getByTestId('new-version').getByRole('button').click();
  await expect.poll(() => ada.page.evaluate(() => window.isOld === undefined).catch(() => false)).toBe(true);
  await ada.arrived('General');
  await expect(ada.composer).toHaveValue('half a thought');
  await expect(ada.page.getByTestId('new-version')).toHaveCount(0);
});

test('without a connection nobody is said to be here', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const ben = await enter('ben');
  await ada.reach('Ben');
  const presence = ada.page.getByTestId('rail').getByTestId('channel-item').getByTestId('presence');
  await expect(presence).toHaveAttribute('data-online', 'true');
  line.cut();
  await expect(ada.banner).toBeVisible();
  await expect(presence).toHaveCount(0);
  line.mend();
  await expect(presence).toHaveAttribute('data-online', 'true');
  await expect(ben.composer).toBeVisible();
});
