// Getting around: the switcher, the shortcuts, and conversations with one or several people.

import { expectRead, lines, scribe } from '../lib/scribe.mjs';
import { command, commands, fill } from '../../harness/command.mjs';
import { signUp } from '../../harness/http.mjs';
import { expect, test } from '../lib/test.mjs';

test('Ctrl+K, three letters and Enter: there', async ({ enter, server }) => {
  const ada = await enter('ada');
  await ada.createChannel('Release train');
  await ada.createChannel('Reading room');
  await ada.page.keyboard.press('Control+k');
  const query = ada.page.getByTestId('switcher-query');
  await expect(query).toBeFocused();
  await ada.page.keyboard.type('rtr');
  await ada.page.keyboard.press('Enter');
  await ada.arrived('Release train');
  await expect(query).toBeHidden();
  await expect(ada.composer).toBeFocused();

  // Somebody one never talked with is a place to go to as well, however fast one types.
  await signUp(server, 'quentin', { displayName: 'Quentin Marsh' });
  await ada.page.keyboard.press('Control+k');
  await ada.page.keyboard.type('que');
  await ada.page.keyboard.press('Enter');
  await ada.arrived('Quentin Marsh');
});

test('the switcher opens at once, chooses by arrows, and gives the focus back', async ({ enter, server }) => {
  const ada = await enter('ada');
  for (const name of ['Alpha', 'Beta', 'Gamma']) {
    await command(server, ada.account.cookie, 'channel:create', { name });
  }
  await expect(ada.entry('Gamma')).toBeVisible();
  await ada.page.keyboard.press('Control+k');
  await expect(ada.page.getByTestId('switcher-query')).toBeFocused();
  await ada.page.keyboard.press('Escape');
  await expect(ada.composer).toBeFocused();

  const opening = await ada.page.evaluate(async () => {
    const begun = performance.now();
    dispatchEvent(
      new KeyboardEvent('keydown', {
        key: 'k',
        ctrlKey: true,
        cancelable: true,
      }),
    );
    while (!document.querySelector('[data-testid=switcher-entry]')) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return performance.now() - begun;
  });
  // 50 ms is the promise; a test asserts ten times that.
  expect(opening).toBeLessThan(500);

  const entries = ada.page.getByTestId('switcher-entry');
  await expect(ada.page.getByTestId('switcher-query')).toBeFocused();
  await ada.page.keyboard.type('a');
  const names = await entries.allTextContents();
  await expect(entries.nth(0)).toHaveAttribute('aria-selected', 'true');
  await ada.page.keyboard.press('ArrowDown');
  await ada.page.keyboard.press('ArrowDown');
  await ada.page.keyboard.press('ArrowUp');
  await expect(entries.nth(1)).toHaveAttribute('aria-selected', 'true');
  await ada.page.keyboard.press('Enter');
  const [name] = ['Alpha', 'Beta', 'Gamma'].filter((one) => names[1].includes(one));
  await ada.arrived(name);
});

test('Alt and the arrows walk the channels, with Shift those that are unread; Shift+Esc reads all', async ({
  enter,
  server,
}) => {
  const ben = await signUp(server, 'ben');
  const made = {};
  for (const name of ['Alpha', 'Beta', 'Gamma']) {
    made[name] = await command(server, ben.cookie, 'channel:create', { name });
  }
  const ada = await enter('ada');
  for (const name of ['Alpha', 'Beta', 'Gamma']) await ada.joinChannel(name);
  await ada.goTo('Alpha');
  await ada.page.keyboard.press('Alt+ArrowDown');
  await ada.arrived('Beta');
  await ada.page.keyboard.press('Alt+ArrowUp');
  await ada.arrived('Alpha');

  await fill(server, ben.cookie, made.Gamma.id, ['look']);
  await ada.hasUnread('Gamma', 1);
  await ada.page.keyboard.press('Alt+Shift+ArrowDown');
  await ada.arrived('Gamma');
  await ada.hasUnread('Gamma', 0);

  await fill(server, ben.cookie, made.Alpha.id, ['one', 'two']);
  await fill(server, ben.cookie, made.Beta.id, ['three']);
  await ada.hasUnread('Alpha', 2);
  await ada.hasUnread('Beta', 1);
  await ada.page.keyboard.press('Alt+Shift+ArrowUp');
  await ada.arrived('Beta');
  await ada.hasUnread('Beta', 0);
  // Past Gamma and General, where nothing is unread, to the other end of the list.
  await fill(server, ben.cookie, made.Beta.id, ['four']);
  await ada.reads('four');
  await ada.hasUnread('Beta', 0);
  await ada.page.keyboard.press('Alt+Shift+ArrowDown');
  await ada.arrived('Alpha');
  await ada.hasUnread('Alpha', 0);
  await ada.goTo('Gamma');
  await fill(server, ben.cookie, made.Alpha.id, ['five', 'six']);
  await fill(server, ben.cookie, made.Beta.id, ['seven']);
  await ada.hasUnread('Alpha', 2);
  await ada.hasUnread('Beta', 1);
  await ada.page.keyboard.press('Shift+Escape');
  await ada.hasUnread('Alpha', 0);
  await ada.hasUnread('Beta', 0);
  await ada.reload();
  await ada.hasUnread('Alpha', 0);
});

test('however one came to a channel, the list shows where one is', async ({ enter, server }) => {
  const ada = await enter('ada');
  const numbers = Array.from({ length: 45 }, (_, n) => String(n).padStart(2, '0'));
  const made = numbers.map((number) => ['channel:create', { name: `channel ${number}` }]);
  const channels = (await commands(server, ada.account.cookie, made)).map((answer) => answer.data);
  await expect(ada.entry('channel 44')).toBeAttached();
  await ada.page.keyboard.press('Control+k');
  await ada.page.keyboard.type('channel 38');
  await ada.page.keyboard.press('Enter');
  await ada.arrived('channel 38');
  await expect(ada.entry('channel 38')).toBeInViewport({ ratio: 1 });
  await ada.page.keyboard.press('Control+k');
  await ada.page.keyboard.type('channel 02');
  await ada.page.keyboard.press('Enter');
  await expect(ada.entry('channel 02')).toBeInViewport({ ratio: 1 });
  for (let n = 0; n < 25; n += 1) await ada.page.keyboard.press('Alt+ArrowDown');
  await ada.arrived('channel 27');
  await expect(ada.entry('channel 27')).toBeInViewport({ ratio: 1 });
  await ada.page.goto(`${server.url}/c/${channels[41].id}`);
  await expect(ada.entry('channel 41')).toBeInViewport({ ratio: 1 });
});

test('Esc closes what is open, and else marks the channel as read', async ({ enter, server }) => {
  const writer = await scribe(server);
  const ada = await enter('ada');
  await ada.createChannel('Other');
  await writer.write(lines(1, 60));
  await ada.hasUnread('General', 60);
  await ada.goTo('General');
  await expect(ada.page.getByTestId('unread-divider')).toBeInViewport();
  await ada.page.keyboard.press('Control+/');
  await expect(ada.page.getByRole('dialog')).toBeVisible();
  await ada.page.keyboard.press('Escape');
  await expect(ada.page.getByRole('dialog')).toBeHidden();
  await ada.hasUnread('General', 60);
  await ada.page.keyboard.press('Escape');
  await ada.hasUnread('General', 0);
  await expect(ada.page.getByTestId('unread-divider')).toHaveCount(0);
  await expectRead(server, ada, 60);
});

test('the sheet of shortcuts, and keys that write what they format', async ({ enter }) => {
  const ada = await enter('ada');
  await ada.page.keyboard.press('Control+/');
  const sheet = ada.page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet).toBeVisible();
  const listed = await sheet
    .locator('.line')
    .evaluateAll((all) => all.map((one) => [...one.querySelectorAll('kbd')].map((key) => key.textContent).join(' ')));
  const everywhere = 'Ctrl K, Alt ↑, Alt ↓, Alt Shift ↑, Alt Shift ↓, Esc, Shift Esc, End, Ctrl /';
  const writing = 'Enter, Shift Enter, Ctrl B, Ctrl I, Ctrl Shift X, Ctrl Shift C, ↑';
  const among = '↑, ↓, E, Del, C';
  expect(listed.join(', ')).toBe([everywhere, writing, among].join(', '));
  await ada.page.keyboard.press('Control+/');
  await expect(ada.page.getByRole('dialog')).toBeHidden();

  const marks = [
    ['Control+b', '**word**'],
    ['Control+i', '*word*'],
    ['Control+Shift+x', '~~word~~'],
    ['Control+Shift+c', '`word`'],
  ];
  for (const [keys, written] of marks) {
    await ada.composer.fill('word');
    await ada.composer.selectText();
    await ada.page.keyboard.press(keys);
    await expect(ada.composer).toHaveValue(written);
  }
});

test('a letter that is typed anywhere goes into the composer, and End leads to the newest message', async ({
  enter,
  server,
}) => {
  const ada = await enter('ada');
  const [general] = await command(server, ada.account.cookie, 'channel:list', {});
  await fill(
    server,
    ada.account.cookie,
    general.id,
    Array.from({ length: 60 }, (_, n) => `line ${n + 1}`),
  );
  await expect(ada.message('line 60')).toBeInViewport();
  await ada.page.getByTestId('jump').focus();
  await ada.page.keyboard.type('hello');
  await expect(ada.composer).toHaveValue('hello');
  await ada.composer.fill('');

  await ada.timeline.evaluate((scroller) => scroller.scrollTo({ top: 0, behavior: 'instant' }));
  await expect(ada.message('line 60')).not.toBeInViewport();
  await ada.page.keyboard.press('End');
  await expect(ada.message('line 60')).toBeInViewport();
});

test('a conversation with several people is theirs alone, and there is one for each set of them', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  const cleo = await enter('cleo');
  await ada.reach('Ben', 'Cleo');
  await ada.say('The three of us');
  for (const other of [ben, cleo]) {
    await other.goTo(/Ada/);
    await other.reads('The three of us');
  }
  await ben.reach('Cleo', 'Ada');
  await ben.reads('The three of us');
  await ben.reach('Cleo');
  await expect(ben.messages).toHaveCount(0);
});

test('a private channel is not to be found by others', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.createChannel('Founders', undefined, { isPrivate: true });
  await ada.createChannel('Found it');
  await ben.page.getByTestId('browse-channels').click();
  await ben.page.getByTestId('channel-search').fill('Found');
  await expect(ben.page.getByTestId('channel-result')).toHaveText(/Found it/);
});

test('the page of channels lists what one is in and could join, joins where one stands, and opens', async ({
  enter,
  layLine,
  server,
}) => {
  const writer = await scribe(server);
  for (const [name, topic] of [['Book club', 'One a month'], ['Astronomy'], ['Chess']]) {
    await writer.does('channel:create', { name, topic });
  }
  const line = await layLine();
  const ada = await enter('ada', { line });
  const { page } = ada;
  await ada.createChannel('Diary', undefined, { isPrivate: true });
  await page.getByTestId('browse-channels').click();
  await expect(page).toHaveURL(/\/browse$/);
  await expect(page.getByTestId('browse-channels')).toHaveAttribute('aria-current', 'page');
  const results = page.getByTestId('channel-result');
  const names = results.locator('.name');
  await expect(names).toHaveText(['Astronomy', 'Book club', 'Chess', 'Diary', 'General']);
  await expect(results.nth(1)).toContainText('One a month');
  await expect(results.nth(1)).toContainText('one member');
  await expect(results.nth(4)).toContainText('2 members');
  await expect(page.getByTestId('channel-search')).toBeFocused();

  await page.keyboard.type('boo');
  await expect(names).toHaveText(['Book club']);
  await page.keyboard.press('Tab');
  await expect(page.getByTestId('channel-order')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Join Book club' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Open Book club' })).toBeFocused();
  await expect(results).toContainText('2 members');
  await expect(ada.entry('Book club')).toBeVisible();
  // Esc empties the field first, then leaves.
  await page.getByTestId('channel-search').press('Escape');
  await expect(page.getByTestId('channel-search')).toHaveValue('');
  await expect(names).toHaveCount(5);
  await page.getByRole('button', { name: 'Open Book club' }).click();
  await ada.arrived('Book club');

  line.cut();
  await expect(ada.banner).toBeVisible();
  await page.getByTestId('browse-channels').click();
  await expect(names).toHaveText(['Book club', 'Diary', 'General']);
  line.mend();
  await expect(names).toHaveCount(5);
  await page.reload();
  await expect(names).toHaveCount(5);
  await page.keyboard.press('Escape');
  await ada.arrived('Book club');
});

test('the page of channels says how many there are, and begins with the lively ones where that is asked for', async ({
  enter,
  server,
}) => {
  const writer = await scribe(server);
  for (const name of ['Astronomy', 'Book club', 'Chess']) await writer.does('channel:create', { name });
  const ada = await enter('ada');
  const { page } = ada;
  await ada.joinChannel('Chess');
  await ada.say('e4');
  await ada.reads('e4');
  await page.getByTestId('browse-channels').click();
  const names = page.getByTestId('channel-result').locator('.name');
  const search = page.getByTestId('channel-search');
  await expect(names).toHaveText(['Astronomy', 'Book club', 'Chess', 'General']);
  await expect(search).toHaveAttribute('placeholder', 'Search 4 channels');
  const order = page.getByTestId('channel-order');
  await expect(order).toHaveText(/By name/);
  await order.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitemradio', { name: 'By name' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(order).toBeFocused();
  await expect(order).toHaveText(/Latest activity/);
  await expect(names).toHaveText(['Chess', 'Astronomy', 'Book club', 'General']);

  // More than the server names at once: those that are shown are the liveliest of all, and the rest are counted.
  for (let n = 0; n < 50; n += 1) await writer.does('channel:create', { name: `Quiet ${n}` });
  const zoology = await writer.does('channel:create', { name: 'Zoology' });
  await writer.write(['a bear'], zoology.id);
  await page.reload();
  await expect(search).toHaveAttribute('placeholder', 'Search 55 channels');
  await expect(page.getByText('There are 3 more.')).toBeVisible();
  await expect(names.filter({ hasText: 'Zoology' })).toHaveCount(0);
  await order.click();
  await page.getByRole('menuitemradio', { name: 'Latest activity' }).click();
  await expect(names.first()).toHaveText('Zoology');
  await expect(names.nth(1)).toHaveText('Chess');
});

test('where the switcher leads nowhere it offers what one can do instead', async ({ enter }) => {
  const ada = await enter('ada');
  const { page } = ada;
  await page.keyboard.press('Control+k');
  await expect(page.getByText('There is nowhere else to go yet.')).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByTestId('switcher-browse')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/browse$/);
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await page.keyboard.press('Control+k');
  await page.keyboard.type('garden');
  await page.getByTestId('switcher-create').click();
  await expect(page.getByTestId('channel-name')).toBeFocused();
  await expect(page.getByTestId('switcher-query')).toHaveCount(0);
});
