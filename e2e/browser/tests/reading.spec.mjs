// Reading and writing in a channel: where it opens, what moves and what must not.

import { expectUnmoved, inTheMiddle, lines, scribe, scrollTo, scrollToEnd } from '../lib/scribe.mjs';
import { leftInTheBrowser } from '../lib/stored.mjs';
import { expect, test } from '../lib/test.mjs';

test('history comes by scrolling up, to the start, and what one looks at stays where it is', async ({
  enter,
  server,
  layLine,
}) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 130));
  const line = await layLine();
  const ada = await enter('ada', { line });
  await expect(ada.message('line 130')).toBeInViewport();
  const first = async () => (await ada.shown())[0].seq;
  const seen = new Set();
  while ((await first()) > 1) {
    const loaded = await first();
    // The next page waits until what is in view has come to rest.
    line.holdAnswers();
    await scrollTo(ada.timeline, 300);
    const before = await inTheMiddle(ada.timeline);
    expect(await first()).toBe(loaded);
    await expect(ada.page.getByTestId('skeleton').first()).toBeVisible();
    line.release();
    await expect.poll(first).toBeLessThan(loaded);
    await expectUnmoved(ada.timeline, before);
    for (const row of await ada.shown()) seen.add(row.text);
  }
  await expect(ada.page.getByTestId('channel-start')).toContainText('This is the start of #General');
  await expect(ada.page.getByTestId('skeleton')).toHaveCount(0);
  for (const row of await ada.shown()) seen.add(row.text);
  expect([...seen].sort()).toEqual(lines(1, 130).sort());
});

test('at the end it follows; scrolled up it stays, and a pill leads to what is new', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 60));
  const ada = await enter('ada');
  await writer.write(['at the end']);
  await expect(ada.message('at the end')).toBeInViewport();

  await scrollTo(ada.timeline, 400);
  const before = await inTheMiddle(ada.timeline);
  await writer.write(['one', 'two', 'three']);
  const pill = ada.page.getByTestId('pill');
  await expect(pill).toContainText('3 new messages');
  await expectUnmoved(ada.timeline, before);
  await pill.click();
  await expect(ada.message('three')).toBeInViewport();
  await expect(pill).toBeHidden();
});

test('a channel opens where the unread begins, and one’s own message draws no line', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 40));
  const ada = await enter('ada');
  await ada.say('I have read this');
  await ada.reads('I have read this');
  await ada.createChannel('Elsewhere');
  await writer.write(lines(41, 60));
  await ada.hasUnread('General', 20);
  await expect(ada.page).toHaveTitle(/^\(20\) /);

  await ada.goTo('General');
  const divider = ada.page.getByTestId('unread-divider');
  await expect(divider).toBeInViewport();
  const order = await ada.timeline.evaluate((timeline) =>
    [...timeline.querySelectorAll('[data-testid=message], [data-testid=unread-divider]')].map(
      (one) => one.dataset.seq ?? 'divider',
    ),
  );
  expect(order[order.indexOf('divider') - 1]).toBe('41');
  expect(order[order.indexOf('divider') + 1]).toBe('42');

  await scrollToEnd(ada.timeline);
  await ada.hasUnread('General', 0);
  await expect(divider).toBeAttached();
  await ada.goTo('Elsewhere');
  await ada.say('mine');
  await ada.reads('mine');
  await expect(divider).toHaveCount(0);
  await expect(ada.page).toHaveTitle(/^#?Elsewhere/);
});

test('messages of one author stand together, and each day is named once', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 3));
  const ada = await enter('ada');
  await expect(ada.messages).toHaveCount(3);
  await ada.say('line 4');
  await ada.reads('line 4');
  await writer.write(lines(5, 6));
  await expect(ada.messages).toHaveCount(6);
  const heads = ada.messages.locator('.head .name');
  await expect(heads).toHaveText(['Scribe', 'Ada', 'Scribe']);
  await expect(heads.nth(2).locator('xpath=ancestor::article')).toContainText('line 5');
  await expect(ada.page.getByTestId('day-separator')).toHaveCount(1);
  await expect(ada.page.getByTestId('day-separator')).toContainText('Today');
});

test('a draft survives going elsewhere and a reload', async ({ enter }) => {
  const ada = await enter('ada');
  await ada.composer.fill('half a thought');
  await ada.createChannel('Elsewhere');
  await expect(ada.composer).toHaveValue('');
  await ada.reload();
  await ada.goTo('General');
  await expect(ada.composer).toHaveValue('half a thought');
});

test('Enter while composing a character does not send', async ({ enter }) => {
  const ada = await enter('ada');
  const session = await ada.page.context().newCDPSession(ada.page);
  await ada.composer.focus();
  await session.send('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 });
  await ada.composer.evaluate((area) =>
    area.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }),
    ),
  );
  await session.send('Input.insertText', { text: '日本' });
  await expect(ada.composer).toHaveValue('日本');
  await ada.composer.press('Enter');
  await ada.reads('日本');
  await expect(ada.messages).toHaveCount(1);
});

test('the chosen theme is there before the first paint, and on the next visit', async ({ enter }) => {
  const ada = await enter('ada', { colorScheme: 'light' });
  const root = ada.page.locator('html');
  await expect(root).toHaveAttribute('data-theme', 'light');
  await ada.page.getByTestId('user-menu').click();
  await ada.page.getByTestId('theme-dark').click();
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await ada.noteFirst();
  await ada.reload();
  expect(await ada.page.evaluate(() => window.atFirst)).toMatchObject({ theme: 'dark' });

  // As the device has it, also when that changes.
  await ada.page.getByTestId('user-menu').click();
  await ada.page.getByTestId('theme-system').click();
  await expect(root).toHaveAttribute('data-theme', 'light');
  await ada.page.emulateMedia({ colorScheme: 'dark' });
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await ada.page.emulateMedia({ colorScheme: 'light' });
  await ada.reload();
  expect(await ada.page.evaluate(() => window.atFirst)).toMatchObject({ theme: 'light' });
});

test('signing out with something unsent asks first, and leaves nothing behind', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  await ada.say('sent before');
  await ada.reads('sent before');
  line.refuseSockets();
  await ada.say('never sent');
  await ada.composer.fill('only begun');
  const written = ['sent before', 'never sent', 'only begun'];
  for (const text of written) await expect.poll(() => ada.page.evaluate(leftInTheBrowser)).toContain(text);
  await ada.signOut();
  await ada.page.getByTestId('stay').click();
  await expect(ada.message('never sent')).toHaveAttribute('data-state', 'pending');
  await ada.signOut();
  await ada.page.getByTestId('sign-out-anyway').click();
  await expect(ada.page.getByTestId('signin-form')).toBeVisible();
  const left = await ada.page.evaluate(leftInTheBrowser);
  for (const text of written) expect(left).not.toContain(text);
});
