// Whatever somebody writes, in whichever field, is text to everybody else: nothing runs, nothing is fetched, and the
// browser has no violation of the content security policy to report (which would make any test here fail).

import { commands } from '../../harness/command.mjs';
import { request } from '../../harness/http.mjs';
import { PAYLOADS, PLAIN } from '../lib/hostile.mjs';
import { expectRead, scribe, scrollTo } from '../lib/scribe.mjs';
import { expect, test } from '../lib/test.mjs';

/** What a message may become, beside the controls of a block of code. */
const ELEMENTS = 'p ul ol li blockquote strong em s a code pre br div span button svg path rect'.split(' ');

/** Watch for what a page does when it obeys. Returns what it did. */
async function watch(page, server) {
  const deeds = [];
  await page.exposeFunction('taken', () => void deeds.push('ran'));
  page.on('dialog', (dialog) => deeds.push(`dialog: ${dialog.message()}`));
  page.on('request', (sent) => {
    const { origin, protocol } = new URL(sent.url());
    if (origin !== server.url && !['data:', 'blob:'].includes(protocol)) deeds.push(`fetched ${sent.url()}`);
  });
  page.on('framenavigated', (frame) => {
    if (frame !== page.mainFrame()) deeds.push(`framed ${frame.url()}`);
  });
  return deeds;
}

/** In the page: the elements of messages that none should have, and links that lead where none should. */
const strange = (timeline, allowed) =>
  [...timeline.querySelectorAll('[data-testid=message] .text *')]
    .filter(
      (one) =>
        !allowed.includes(one.localName) ||
        [...one.attributes].some(({ name }) => name.startsWith('on') || name === 'style') ||
        (one.localName === 'a' && !/^(https?|mailto):/.test(one.href)),
    )
    .map((one) => one.outerHTML);

test(`${PAYLOADS.length} payloads in messages are text`, async ({ enter, server }) => {
  const writer = await scribe(server);
  const ada = await enter('ada');
  const deeds = await watch(ada.page, server);
  expect(PAYLOADS.length).toBeGreaterThanOrEqual(100);
  // As they come, and again as history.
  await writer.write(PAYLOADS);
  await expect(ada.messages).toHaveCount(PAYLOADS.length);
  expect(await ada.timeline.evaluate(strange, ELEMENTS)).toEqual([]);
  await expectRead(server, ada, PAYLOADS.length);
  await ada.reload();
  await expect(ada.messages.last()).toBeInViewport();
  await expect
    .poll(async () => {
      await scrollTo(ada.timeline, 0);
      return ada.page.getByTestId('channel-start').count();
    })
    .toBe(1);
  await expect(ada.messages).toHaveCount(PAYLOADS.length);
  expect(await ada.timeline.evaluate(strange, ELEMENTS)).toEqual([]);
  const shown = await ada.timeline.evaluate((timeline) =>
    [...timeline.querySelectorAll('[data-testid=message] .text')].map((one) => one.textContent.trim()),
  );
  for (const text of PLAIN) expect(shown).toContain(text);
  for (const link of await ada.timeline.locator('a').all()) {
    await expect(link).toHaveAttribute('rel', /noopener.*noreferrer/);
  }
  expect(deeds).toEqual([]);
});

test('payloads in topics and display names are text, live and in lists', async ({ enter, server }) => {
  const writer = await scribe(server, 'writer');
  const channel = await writer.does('channel:create', { name: 'Trap' });
  const ada = await enter('ada', { path: '/' });
  await ada.joinChannel('Trap');
  await writer.write(['hello'], channel.id);
  await ada.reads('hello');
  const deeds = await watch(ada.page, server);
  const name = ada.message('hello').locator('.name');
  const topic = ada.page.getByTestId('channel').locator('header .topic');
  let [topics, names] = [0, 0];
  for (const payload of PAYLOADS) {
    const [updated, renamed] = await commands(server, writer.cookie, [
      ['channel:update', { channelId: channel.id, topic: payload }],
      ['user:update', { displayName: payload }],
    ]);
    // Refused, or shown as it is.
    if (updated.status === 'OK') {
      topics += 1;
      await expect.poll(() => topic.textContent(), { intervals: [10, 20] }).toBe(updated.data.topic);
    }
    if (renamed.status === 'OK') {
      names += 1;
      await expect.poll(() => name.textContent(), { intervals: [10, 20] }).toBe(renamed.data.displayName);
    }
  }
  expect(topics).toBeGreaterThan(80);
  expect(names).toBeGreaterThan(40);
  await ada.page.getByTestId('browse-channels').click();
  await expect(ada.page.getByTestId('channel-result').first()).toBeVisible();
  await ada.page.keyboard.press('Escape');
  await ada.page.getByTestId('new-direct').click();
  await ada.page.getByRole('dialog').getByTestId('people-search').fill('writer');
  await expect(ada.page.getByTestId('user-result').first()).toBeVisible();
  expect(deeds).toEqual([]);
});

test('payloads in what is edited, searched for and called by are text wherever that is shown', async ({
  enter,
  server,
}) => {
  const name = '<audio id=a src=x onerror=taken()>';
  const writer = await scribe(server, 'writer');
  const channel = await writer.does('channel:create', { name: 'Trap' });
  await writer.does('user:update', { displayName: name });
  const ada = await enter('ada');
  const { page } = ada;
  const deeds = await watch(page, server);
  await ada.joinChannel('Trap');
  await writer.write(['hello'], channel.id);
  await ada.reads('hello');
  for (const content of PLAIN.filter((_, at) => at % 4 === 0)) {
    await writer.does('message:edit', { channelId: channel.id, messageId: '1', content });
    await expect(ada.messages.first().locator('.text p')).toHaveText(content);
  }

  const some = PLAIN.filter((_, at) => at % 16 === 0);
  await page.getByTestId('browse-channels').click();
  for (const text of some) {
    await page.getByTestId('channel-search').fill(text);
    await expect(page.getByTestId('browse')).toContainText(`No channel begins with “${text}”.`);
  }
  await page.getByTestId('channel-search').fill('');
  await page.getByTestId('new-direct').click();
  const dialog = page.getByRole('dialog');
  for (const text of some) {
    await page.getByTestId('people-search').fill(text);
    await expect(dialog).toContainText(`Nobody’s name begins with “${text}”.`);
  }
  await page.getByTestId('people-search').fill('writer');
  await page.getByTestId('user-result').click();
  await expect(page.getByTestId('chosen')).toHaveText(name);
  await page.getByTestId('people-submit').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  await expect(page).toHaveTitle(`${name} · Hearth`);
  await expect(ada.composer).toHaveAttribute('placeholder', `Message ${name}`);
  await expect(page.getByTestId('channel-start')).toContainText(name);
  await expect(ada.entry(name)).toBeVisible();
  await page.keyboard.press('Control+k');
  for (const text of some) {
    await page.getByTestId('switcher-query').fill(text);
    await expect(dialog).toContainText(`Nothing matches “${text}”.`);
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  const home = await writer.does('channel:create', { name: 'Home' });
  await ada.joinChannel('Home');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('audio');
  await expect(page.getByTestId('switcher-entry').first()).toContainText(name);
  await page.keyboard.press('Escape');
  const other = await enter('other', { displayName: name });
  await other.joinChannel('Home');
  await expect(page.getByTestId('comings')).toHaveText(`${name} joined`);
  await writer.write(['listen'], home.id);
  await expect(page.getByTestId('announcer')).toHaveText(`${name}: listen`);
  await page.getByTestId('toggle-panel').click();
  await expect(page.getByTestId('member').filter({ hasText: name })).toHaveCount(2);
  await other.composer.pressSequentially('x');
  await expect(ada.typing).toContainText(`${name} is typing`);
  expect(await page.evaluate(() => document.querySelectorAll('img, iframe, object, embed').length)).toBe(0);
  expect(deeds).toEqual([]);
});

test('names that are addresses of people and channels take no payload at all', async ({ server }) => {
  const writer = await scribe(server);
  const answers = await commands(
    server,
    writer.cookie,
    PAYLOADS.map((name) => ['channel:create', { name }]),
  );
  const letters = /^[\p{L}\p{N}._-]+$/u;
  answers.forEach((answer, at) => {
    if (!letters.test(PAYLOADS[at])) expect([PAYLOADS[at], answer.code]).toEqual([PAYLOADS[at], 'INVALID']);
  });
  for (const username of PAYLOADS.filter((payload) => !letters.test(payload))) {
    const answer = await request(server, 'POST', '/api/signup', { body: { username, password: 'long enough' } });
    expect([username, answer.status]).toEqual([username, 400]);
  }
});

test('a page that did obey would be found out', async ({ page, server }) => {
  await page.goto(server.url);
  const deeds = await watch(page, server);
  const reports = await page.evaluate(async () => {
    const reported = [];
    document.addEventListener('securitypolicyviolation', (event) => reported.push(event.effectiveDirective));
    const image = document.createElement('img');
    image.src = 'https://evil.example/x.png';
    document.body.append(image);
    try {
      document.body.innerHTML += '<b>x</b>';
    } catch {
      // Refused by the policy, which is what is looked for.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    await window.taken();
    return reported;
  });
  expect(reports).toEqual(expect.arrayContaining(['img-src', 'require-trusted-types-for']));
  expect(deeds).toEqual(expect.arrayContaining(['ran', 'fetched https://evil.example/x.png']));
});
