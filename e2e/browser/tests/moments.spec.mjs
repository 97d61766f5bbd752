// The small promises of a page that is honest: when it says something, and when it keeps quiet.

import { command } from '../../harness/command.mjs';
import { logIn, PASSWORD, signUp } from '../../harness/http.mjs';
import { scribe } from '../lib/scribe.mjs';
import { expect, test } from '../lib/test.mjs';

test('a connection that is gone is said after two seconds, not before, with a way to try at once', async ({
  enter,
  layLine,
}) => {
  const line = await layLine();
  const ada = await enter('ada', { line, prepare: (context) => context.clock.install() });
  const { clock } = ada.page;
  await expect(ada.page.getByTestId('connection')).toHaveAttribute('data-status', 'online');
  await clock.pauseAt(Date.now() + 60_000);
  line.cut();
  await expect(ada.page.getByTestId('connection')).not.toHaveAttribute('data-status', 'online');
  await clock.runFor(1_900);
  await expect(ada.banner).toHaveCount(0);
  await clock.runFor(200);
  await expect(ada.banner).toBeVisible();
  await expect(ada.page.getByRole('status').filter({ has: ada.banner })).toHaveCount(1);
  await expect(ada.page.getByTestId('connection')).toHaveAttribute('data-status', 'offline');
  line.mend();
  // The clock stands still: by itself it does not come back.
  await ada.page.getByTestId('try-now').click();
  await expect(ada.page.getByTestId('connection')).toHaveAttribute('data-status', 'online');
  await expect(ada.banner).toHaveCount(0);
});

test('a connection that is back within a second was never said to be gone', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line, prepare: (context) => context.clock.install() });
  const { clock } = ada.page;
  const connection = ada.page.getByTestId('connection');
  await expect(connection).toHaveAttribute('data-status', 'online');
  await clock.pauseAt((await ada.page.evaluate(() => Date.now())) + 1_000);
  line.cut();
  await expect(connection).toHaveAttribute('data-status', 'offline');
  line.mend();
  await clock.runFor(1_000);
  expect(await ada.banner.count()).toBe(0);
  await expect(connection).toHaveAttribute('data-status', 'online');
  await clock.runFor(5_000);
  await expect(ada.banner).toHaveCount(0);
});

test('skeletons show only for what takes longer than a moment', async ({ enter, server, layLine }) => {
  const writer = await scribe(server);
  const channel = await writer.does('channel:create', { name: 'Slow' });
  await writer.write(['at last'], channel.id);
  const line = await layLine();
  const ada = await enter('ada', { line });
  await command(server, ada.account.cookie, 'channel:join', { channelId: channel.id });
  await expect(ada.entry('Slow')).toBeVisible();
  line.holdAnswers();
  const shownAfter = await ada.entry('Slow').evaluate(async (entry) => {
    const begun = performance.now();
    entry.click();
    for (;;) {
      const skeleton = document.querySelector('[data-testid=skeleton]');
      if (skeleton?.checkVisibility({ visibilityProperty: true })) return performance.now() - begun;
      await new Promise(requestAnimationFrame);
    }
  });
  expect(shownAfter).toBeGreaterThan(140);
  await expect(ada.timeline).toHaveAttribute('aria-busy', 'true');
  line.release();
  await ada.reads('at last');
  await expect(ada.page.getByTestId('skeleton')).toHaveCount(0);
});

test('title and icon tell what is unread elsewhere', async ({ enter, server }) => {
  const writer = await scribe(server);
  const ada = await enter('ada');
  await ada.createChannel('Elsewhere');
  const icon = ada.page.locator('link[data-favicon]');
  await expect(ada.page).toHaveTitle('#Elsewhere · Hearth');
  await expect(icon).toHaveAttribute('href', '/favicon.svg');
  await writer.write(['one', 'two', 'three']);
  await expect(ada.page).toHaveTitle('(3) #Elsewhere · Hearth');
  await expect(icon).toHaveAttribute('href', '/favicon-unread.svg');
  const entry = ada.entry('General');
  const marks = () =>
    entry.evaluate((one) => {
      const probe = document.createElement('i');
      probe.style.setProperty('color', 'var(--accent)');
      document.body.append(probe);
      const lit = getComputedStyle(probe).color;
      probe.remove();
      const { backgroundColor, inlineSize } = getComputedStyle(one, '::before');
      return {
        isBold: Number(getComputedStyle(one).fontWeight) > 600,
        lamp: backgroundColor === lit ? inlineSize : null,
      };
    });
  expect(await marks()).toEqual({ isBold: true, lamp: '3px' });
  await expect(entry.locator('.badge')).toHaveCount(0);
  await ada.goTo('General');
  await expect.poll(marks).toEqual({ isBold: false, lamp: null });
  await expect(ada.page).toHaveTitle('#General · Hearth');
  await expect(icon).toHaveAttribute('href', '/favicon.svg');
});

test('in a direct conversation the unread are counted in the list', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ben.reach('Ada');
  for (const text of ['one', 'two']) await ben.say(text);
  await ada.hasUnread(/Ben/, 2);
  await expect(ada.entry(/Ben/).locator('.badge')).toHaveText('2');
});

test('somebody with two tabs is there until both are closed', async ({ enter, server }) => {
  const [ada, cleo] = [await enter('ada'), await enter('cleo')];
  const page = await ada.page.context().newPage();
  await page.goto(server.url);
  await new ada.constructor(page, ada.account).arrived();
  const ben = await enter('ben');
  for (const name of ['Ada', 'Cleo']) await ben.reach(name);
  const presence = (name) => ben.entry(name).getByTestId('presence');
  for (const name of [/Ada/, /Cleo/]) await expect(presence(name)).toHaveAttribute('data-online', 'true');
  // Both lose a tab at the same time; Cleo had but one.
  await Promise.all([ada.page.close(), cleo.page.close()]);
  await expect(presence(/Cleo/)).toHaveAttribute('data-online', 'false', { timeout: 30_000 });
  await expect(presence(/Ada/)).toHaveAttribute('data-online', 'true');
  // Not by colour alone: a disc, and a ring with nothing in it.
  const shape = (name) =>
    presence(name).evaluate((dot) => {
      const { backgroundColor, borderTopColor, boxShadow } = getComputedStyle(dot);
      return { isHollow: backgroundColor === borderTopColor, hasRing: boxShadow.includes('inset') };
    });
  expect(await shape(/Ada/)).toEqual({ isHollow: false, hasRing: false });
  expect(await shape(/Cleo/)).toEqual({ isHollow: true, hasRing: true });
  await page.close();
  await expect(presence(/Ada/)).toHaveAttribute('data-online', 'false', { timeout: 30_000 });
});

test('one, two and many who type are named, in a place that is kept for them, and not longer than they type', async ({
  enter,
}) => {
  const ada = await enter('ada');
  const others = [await enter('ben'), await enter('cleo'), await enter('dora')];
  const height = (await ada.timeline.boundingBox()).height;
  const wanted = ['Ben is typing', 'Ben and Cleo are typing', 'Several people are typing'];
  for (const [at, text] of wanted.entries()) {
    // Everybody goes on typing, as they do.
    await expect(async () => {
      await Promise.all(others.slice(0, at + 1).map((one) => one.composer.pressSequentially('x')));
      await expect(ada.typing).toContainText(text, { timeout: 500 });
    }).toPass();
    expect((await ada.timeline.boundingBox()).height).toBe(height);
  }
  await expect(ada.typing).toHaveText('', { timeout: 10_000 });
});

test('whoever is not heard of any more types for six seconds, and no longer', async ({ enter, layLine }) => {
  const line = await layLine();
  const prepare = (context) => context.clock.install();
  const ada = await enter('ada', { line, prepare });
  const ben = await enter('ben', { prepare });
  await expect(ada.page.getByTestId('connection')).toHaveAttribute('data-status', 'online');
  // Neither says that he stops, nor lets the server say it.
  for (const { page } of [ada, ben]) await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000);
  await ben.composer.pressSequentially('x');
  await expect(ada.typing).toContainText('Ben is typing');
  line.loseAnswers();
  await ada.page.clock.runFor(5_900);
  await expect(ada.typing).toContainText('Ben is typing');
  await ada.page.clock.runFor(200);
  await expect(ada.typing).toHaveText('');
});

test('whoever goes elsewhere, empties the field or sends types no more, at once', async ({ enter }) => {
  const prepare = (context) => context.clock.install();
  const ada = await enter('ada', { prepare });
  const ben = await enter('ben', { prepare });
  await ben.createChannel('Elsewhere');
  await ben.goTo('General');
  for (const { page } of [ada, ben]) {
    await expect(page.getByTestId('connection')).toHaveAttribute('data-status', 'online');
    // By itself nothing ends any more.
    await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 5_000);
  }
  const ends = [() => ben.composer.fill(''), () => ben.composer.press('Enter'), () => ben.entry('Elsewhere').click()];
  for (const end of ends) {
    await ben.composer.pressSequentially('x');
    await expect(ada.typing).toContainText('Ben is typing');
    await end();
    // Sooner than the server would end it.
    await expect(ada.typing).toHaveText('', { timeout: 4_000 });
  }
});

test('there are three notices at most; errors stay, the others go', async ({ enter, server }) => {
  // The clock leaps while a WebSocket may just be opening; polling goes on.
  const ada = await enter('ada', { outages: true, prepare: (context) => context.clock.install() });
  const { page } = ada;
  await logIn(server, 'ada');
  await ada.say('a line');
  await ada.reads('a line');
  await page.getByTestId('user-menu').click();
  await page.getByTestId('open-settings').click();
  await expect(page.getByTestId('session')).toHaveCount(2);
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000);
  const toasts = page.getByTestId('toast');
  await page.getByTestId('end-others').click();
  await expect(toasts).toHaveText(['All other devices are signed out.']);
  await page.getByTestId('current-password').fill(PASSWORD);
  await page.getByTestId('new-password').fill('a better one, longer');
  await page.getByTestId('change-password').click();
  await expect(toasts).toHaveCount(2);
  await page.getByTestId('settings').getByRole('textbox', { name: 'Display name' }).fill('Ada L.');
  await page.getByTestId('profile-save').click();
  await expect(toasts).toHaveCount(3);
  const [, second, third] = await toasts.allInnerTexts();

  // A fourth, which is an error: the browser has no clipboard for the page.
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));
    document.execCommand = () => false;
  });
  await page.goBack();
  await ada.message('a line').hover();
  await ada.message('a line').getByTestId('copy-link').click();
  await expect(toasts.and(page.getByRole('alert'))).toHaveCount(1);
  await expect(toasts).toHaveText([second, third, /./]);
  await page.clock.runFor(60_000);
  await expect(toasts).toHaveCount(1);
  await toasts.and(page.getByRole('alert')).getByRole('button').click();
  await expect(toasts).toHaveCount(0);
});

test('what the server refuses stays, says why, and can be sent again or thrown away', async ({ enter, server }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.createChannel('Ours', undefined, { isPrivate: true });
  const channelId = new URL(ada.page.url()).pathname.split('/').pop();
  await command(server, ada.account.cookie, 'channel:add', { channelId, userIds: [ben.account.id] });
  await ben.goTo('Ours');
  // What no server takes, however it came into the page.
  await ben.composer.evaluate((area) => {
    area.value = 'bad \u0000 letter';
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await ben.composer.press('Enter');
  const row = ben.message('letter');
  await expect(row).toHaveAttribute('data-state', 'failed');
  await expect(row.getByTestId('failure-reason')).not.toHaveText('');
  await ben.reload();
  await expect(row).toHaveAttribute('data-state', 'failed');
  await row.getByTestId('retry').click();
  await expect(row).toHaveAttribute('data-state', 'failed');
  await row.getByTestId('discard').click();
  await expect(row).toHaveCount(0);
  await ben.reload();
  await expect(row).toHaveCount(0);
});

test('a wrong password is said at the field, where the focus is', async ({ server, window }) => {
  await signUp(server, 'ada');
  const page = await window();
  await page.goto(server.url);
  await page.getByTestId('username').fill('ada');
  await page.getByTestId('password').fill('not this one');
  await page.getByTestId('submit').click();
  const field = page.getByTestId('password');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toBeFocused();
  const said = await field.evaluate((input) =>
    (input.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' '),
  );
  expect(said).toContain('doesn’t match');
  await expect(page.getByTestId('username')).toHaveValue('ada');
});

test('a message is shown as it was marked up, and its code can be copied', async ({ enter }) => {
  const ada = await enter('ada', { permissions: ['clipboard-read', 'clipboard-write'] });
  await ada.say('**bold** _italic_ ~~struck~~ `code` <https://example.org/>');
  const marks = ada.messages.first().locator('.text');
  for (const [tag, text] of Object.entries({ strong: 'bold', em: 'italic', s: 'struck', code: 'code' })) {
    await expect(marks.locator(tag)).toHaveText(text);
  }
  await expect(marks.locator('a')).toHaveAttribute('href', 'https://example.org/');
  await ada.say('> quoted\n\n1. first\n2. second\n\n- point');
  const blocks = ada.messages.nth(1).locator('.text');
  await expect(blocks.locator('blockquote')).toHaveText('quoted');
  await expect(blocks.locator('ol > li')).toHaveText(['first', 'second']);
  await expect(blocks.locator('ul > li')).toHaveText(['point']);
  await ada.say('```rust\nfn main() {}\n```');
  const code = ada.messages.nth(2).locator('pre');
  await expect(code.locator('.hljs-keyword')).toHaveText('fn');
  await expect(code).toHaveText('fn main() {}');
  await code.hover();
  await ada.page.getByTestId('copy-code').click();
  expect(await ada.page.evaluate(() => navigator.clipboard.readText())).toBe('fn main() {}');
});

test('an empty channel says how to begin, and so does an empty list of conversations', async ({ enter }) => {
  const ada = await enter('ada');
  await ada.createChannel('Quiet');
  await expect(ada.page.getByTestId('channel-start')).toContainText('Quiet');
  await expect(ada.page.getByTestId('channel-start').locator('p').last()).not.toHaveText('');
  await expect(ada.composer).toBeFocused();
  await ada.page.getByRole('button', { name: 'Talk to someone directly' }).click();
  await expect(ada.page.getByRole('dialog').getByTestId('people-search')).toBeFocused();
});
