// Nothing that was written is lost or doubled, and nothing that was missed stays missing.

import { command } from '../../harness/command.mjs';
import { clearDatabases, deleteDatabases } from '../lib/stored.mjs';
import { expect, test } from '../lib/test.mjs';

/** Two of them fit into the page that a channel opens with. */
const BURST = 24;

const numbered = (who, from, to) => Array.from({ length: to - from + 1 }, (_, n) => `${who} ${from + n}`);

async function sayAll(person, texts) {
  for (const text of texts) await person.say(text);
}

/**
 * Freeze a tab: none of its scripts and timers run until it is woken. (The browser's own freezing leaves a tab running
 * that is being driven.)
 */
async function freeze(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Debugger.enable');
  const frozen = new Promise((resolve) => session.once('Debugger.paused', resolve));
  await session.send('Debugger.pause');
  // It stops at the next statement: give it one.
  const statement = session.send('Runtime.evaluate', { expression: '0' });
  await frozen;
  return async () => {
    await session.send('Debugger.resume');
    await statement;
    await session.detach();
  };
}

test('kill -9 during a burst: both show every message once, in one order, and unread counts are right', async ({
  enter,
  server,
}) => {
  const [ada, ben] = [await enter('ada', { outages: true }), await enter('ben', { outages: true })];
  const cleo = await enter('cleo', { outages: true });
  await cleo.createChannel('Elsewhere');
  await ada.reach('Cleo');
  await ada.say('before');
  await cleo.hasUnread(/Ada/, 1);
  await ada.goTo('General');
  await ben.goTo('General');

  const burst = (from, to) =>
    Promise.all([sayAll(ada, numbered('ada', from, to)), sayAll(ben, numbered('ben', from, to))]);
  const first = burst(1, BURST / 2);
  await expect(ada.messages.and(ada.page.locator('[data-state=sent]')).nth(5)).toBeAttached();
  await server.kill();
  await first;
  // However fast the first half went, this one finds no server.
  await burst(BURST / 2 + 1, BURST);
  await expect(ada.messages.and(ada.page.locator('[data-state=pending]')).first()).toBeAttached();
  await server.run();

  const texts = [...numbered('ada', 1, BURST), ...numbered('ben', 1, BURST)];
  const [atAda, atBen] = [await ada.showsExactly(texts), await ben.showsExactly(texts)];
  expect(atAda).toEqual(atBen);
  expect(atAda.map((row) => row.seq)).toEqual(texts.map((_, n) => n + 1));
  for (const who of ['ada', 'ben']) {
    const own = atAda.map((row) => row.text).filter((text) => text.startsWith(who));
    expect(own, `${who}'s own order`).toEqual(numbered(who, 1, BURST));
  }
  await cleo.hasUnread('General', 2 * BURST);
  await cleo.hasUnread(/Ada/, 1);
  await cleo.goTo('General');
  expect(await cleo.showsExactly(texts)).toEqual(atAda);
  await ada.reload();
  expect(await ada.showsExactly(texts)).toEqual(atAda);
});

test('who was offline sees everything missed, in every channel, without a reload', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada');
  const ben = await enter('ben', { line });
  await ada.createChannel('Side');
  await ben.joinChannel('Side');
  await ben.goTo('General');
  await ben.page.evaluate(() => (window.neverReloaded = true));

  line.cut();
  await expect(ben.banner).toBeVisible();
  await sayAll(ada, numbered('side', 1, 12));
  await ada.goTo('General');
  await sayAll(ada, numbered('general', 1, 12));
  const cleo = await enter('cleo');
  await cleo.reach('Ben');
  await cleo.say('You do not know me yet');
  await cleo.reads('You do not know me yet');
  line.mend();

  await ben.showsExactly(numbered('general', 1, 12));
  await expect(ben.banner).toBeHidden();
  await ben.hasUnread('Side', 12);
  await ben.goTo('Side');
  await ben.showsExactly(numbered('side', 1, 12));
  await ben.goTo(/Cleo/);
  await ben.reads('You do not know me yet');
  expect(await ben.page.evaluate(() => window.neverReloaded)).toBe(true);
});

test('what is written offline goes out once, in order, when the line is back', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const ben = await enter('ben');
  line.cut();
  await sayAll(ada, numbered('offline', 1, 3));
  for (const text of numbered('offline', 1, 3))
    await expect(ada.message(text)).toHaveAttribute('data-state', 'pending');
  await ben.say('meanwhile');
  line.mend();
  for (const person of [ada, ben]) {
    const shown = await person.showsExactly(['meanwhile', ...numbered('offline', 1, 3)]);
    expect(shown.map((row) => row.text)).toEqual(['meanwhile', ...numbered('offline', 1, 3)]);
  }
});

test('what is written without a connection survives a reload of the page', async ({ enter, layLine, server }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const ben = await enter('ben');
  await ada.say('before');
  await ada.reads('before');
  line.refuseSockets();
  await sayAll(ada, numbered('kept', 1, 3));
  // Shown once it is written down, a moment after the composer is empty.
  await expect(ada.message('kept 3')).toHaveAttribute('data-state', 'pending');
  await ada.page.reload();
  await ada.arrived();
  for (const text of numbered('kept', 1, 3)) await expect(ada.message(text)).toHaveAttribute('data-state', 'pending');
  line.mend();
  const wanted = ['before', ...numbered('kept', 1, 3)];
  for (const person of [ada, ben]) {
    expect((await person.showsExactly(wanted)).map((row) => row.text)).toEqual(wanted);
  }
  expect(server.log).not.toMatch(/panicked/);
});

test('an answer that is lost: the message is sent again, stored once and shown once', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const ben = await enter('ben');
  line.loseAnswers();
  await ada.say('only once');
  await ben.reads('only once');
  await expect(ada.message('only once')).toHaveAttribute('data-state', 'pending');
  line.mend();
  await ada.showsExactly(['only once']);
  await ada.say('and then');
  for (const person of [ada, ben]) {
    expect((await person.showsExactly(['only once', 'and then'])).map((row) => row.seq)).toEqual([1, 2]);
  }
});

test('a tab that was frozen catches up when it wakes', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada');
  const ben = await enter('ben', { line });
  await ada.createChannel('Side');
  await ben.joinChannel('Side');
  await ben.goTo('General');
  const wake = await freeze(ben.page);
  line.cut();
  line.mend();
  await sayAll(ada, numbered('side', 1, 5));
  await ada.goTo('General');
  await sayAll(ada, numbered('general', 1, 5));
  await wake();
  await ben.showsExactly(numbered('general', 1, 5));
  await ben.goTo('Side');
  await ben.showsExactly(numbered('side', 1, 5));
});

test('the browser knows that it is offline: nothing is lost either', async ({ enter }) => {
  const ada = await enter('ada', { outages: true });
  const ben = await enter('ben');
  await ada.page.context().setOffline(true);
  await sayAll(ada, numbered('flight', 1, 3));
  await ben.say('ground');
  await ada.page.context().setOffline(false);
  for (const person of [ada, ben]) await person.showsExactly(['ground', ...numbered('flight', 1, 3)]);
});

test('two tabs of one person send a message once and show the same', async ({ enter, server }) => {
  const ada = await enter('ada', { outages: true });
  const page = await ada.page.context().newPage();
  await page.goto(server.url);
  const second = new ada.constructor(page, ada.account);
  await second.arrived();
  await server.kill();
  await sayAll(ada, numbered('tab', 1, 3));
  await second.say('from the other tab');
  await server.run();
  const wanted = [...numbered('tab', 1, 3), 'from the other tab'];
  const [one, other] = [await ada.showsExactly(wanted), await second.showsExactly(wanted)];
  expect(one).toEqual(other);
});

test('edits and deletions that were missed are there on coming back, in their place, over a kill -9 too', async ({
  enter,
  layLine,
  server,
}) => {
  const line = await layLine();
  const ada = await enter('ada', { outages: true });
  const ben = await enter('ben', { line });
  await sayAll(ada, numbered('ada', 1, 6));
  await ben.showsExactly(numbered('ada', 1, 6));
  const { pathname } = new URL(ada.page.url());
  const change = (name, seq, more = {}) =>
    command(server, ada.account.cookie, name, {
      channelId: pathname.split('/').pop(),
      messageId: String(seq),
      ...more,
    });
  line.cut();
  // On another device: this page hears of it as everybody does.
  await change('message:edit', 2, { content: 'two, put right' });
  await change('message:delete', 4);
  await server.kill();
  await sayAll(ada, ['while it was down']);
  await server.run();
  await change('message:edit', 6, { content: 'six, put right' });
  await change('message:edit', 2, { content: 'two, at last' });
  line.mend();

  const wanted = ['ada 1', 'two, at last', 'ada 3', '', 'ada 5', 'six, put right', 'while it was down'];
  const texts = async (person) => (await person.shown()).map((row) => row.text.replace(/edited$/, ''));
  for (const person of [ada, ben]) {
    await expect.poll(() => texts(person), { timeout: 45_000 }).toEqual(wanted);
    expect((await person.shown()).map((row) => row.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await expect(person.page.getByTestId('tombstone')).toHaveCount(1);
    await expect(person.messages.nth(1)).toContainText('edited');
  }
  await ben.reload();
  await expect.poll(() => texts(ben)).toEqual(wanted);
});

test('what was refused in a channel that one is not in any more can be seen, copied and deleted', async ({
  enter,
  layLine,
  server,
}) => {
  const line = await layLine();
  const ada = await enter('ada');
  const ben = await enter('ben', { line, permissions: ['clipboard-read', 'clipboard-write'] });
  await ada.createChannel('Founders', undefined, { isPrivate: true });
  const channelId = new URL(ada.page.url()).pathname.split('/').pop();
  const does = (name, payload) => command(server, ada.account.cookie, name, { channelId, ...payload });
  await does('channel:add', { userIds: [ben.account.id] });
  await ben.goTo('Founders');
  line.cut();
  await ben.say('first words');
  await ben.say('second words');
  await does('channel:remove', { userId: ben.account.id });
  line.mend();

  await expect(ben.page.getByTestId('no-channel')).toBeVisible();
  await expect(ben.page.getByTestId('unsent')).toHaveText('2 messages were not sent');
  await ben.page.reload();
  await ben.page.getByTestId('unsent-here').click();
  const unsent = ben.page.getByTestId('unsent-message');
  await expect(unsent).toHaveCount(2);
  await expect(unsent.first()).toContainText('Founders');
  await unsent.first().getByTestId('copy-unsent').click();
  expect(await ben.page.evaluate(() => navigator.clipboard.readText())).toBe('first words');
  await unsent.first().getByTestId('discard-unsent').click();
  await expect(unsent).toHaveText(/second words/);

  // Whoever is in it again finds the rest where it was written.
  await ben.page.keyboard.press('Escape');
  await does('channel:add', { userIds: [ben.account.id] });
  await ben.arrived('Founders');
  await expect(ben.page.getByTestId('unsent')).toHaveCount(0);
  await ben.message('second words').getByTestId('retry').click();
  await ada.reads('second words');
  await expect(ada.messages).toHaveCount(1);
});

for (const [name, wipe] of [
  [
    'what is kept here is thrown away by another tab: what is on the open page is sent once all the same',
    (page) => page.evaluate(deleteDatabases),
  ],
  ['what is kept here is cleared by the browser: what is on the open page is sent once all the same', clearDatabases],
]) {
  test(name, async ({ enter, layLine }) => {
    const line = await layLine();
    const ada = await enter('ada', { line });
    const ben = await enter('ben');
    await ada.say('before');
    await ada.reads('before');
    line.refuseSockets();
    await ada.say('kept before it');
    await expect(ada.message('kept before it')).toHaveAttribute('data-state', 'pending');
    await wipe(ada.page);
    await ada.say('written after it');
    await expect(ada.message('written after it')).toHaveAttribute('data-state', 'pending');
    line.mend();
    const wanted = ['before', 'kept before it', 'written after it'];
    for (const person of [ada, ben]) {
      expect((await person.showsExactly(wanted)).map((row) => row.text)).toEqual(wanted);
    }
    await ada.reload();
    await ada.showsExactly(wanted);
  });
}

test('five hundred messages written in one breath go out once each, in order', async ({ enter, layLine, server }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const texts = numbered('quick', 1, 500);
  line.refuseSockets();
  await ada.composer.evaluate(async (area, all) => {
    for (const text of all) {
      area.value = text;
      area.dispatchEvent(new Event('input', { bubbles: true }));
      area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
      await Promise.resolve();
    }
  }, texts);
  await expect(ada.message('quick 500')).toHaveAttribute('data-state', 'pending');
  line.mend();
  await expect(ada.message('quick 500')).toHaveAttribute('data-state', 'sent', { timeout: 60_000 });
  await expect(ada.composer).toHaveValue('');
  const [{ id: channelId }] = await command(server, ada.account.cookie, 'channel:list', {});
  const stored = [];
  for (let last; stored.length < texts.length; last = stored.at(-1).id) {
    const page = { channelId, size: 100, orderBy: 'id:asc', ...(last === undefined ? {} : { after: last }) };
    const next = await command(server, ada.account.cookie, 'message:list', page);
    expect(next).not.toEqual([]);
    stored.push(...next);
  }
  expect(stored.map((message) => message.content)).toEqual(texts);
});
