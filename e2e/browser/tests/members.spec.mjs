// Who is in a channel: the panel, who may change what, who has read, who came and left.

import { command, fill } from '../../harness/command.mjs';
import { signUp } from '../../harness/http.mjs';
import { expect, test } from '../lib/test.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

const panel = (person) => person.page.getByTestId('panel');
const member = (person, name) => person.page.getByTestId('member').filter({ hasText: name });
const openPanel = (person) => person.page.getByTestId('toggle-panel').click();

test('the panel lists who is in a channel, with roles and presence, live', async ({ enter, server }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await signUp(server, 'cleo', { displayName: 'Cleo' });
  await openPanel(ada);
  await expect(panel(ada)).toContainText('Online — 2');
  await expect(panel(ada)).toContainText('Offline — 1');
  await expect(member(ada, 'Cleo').getByTestId('presence')).toHaveAttribute('data-online', 'false');
  await signUp(server, 'dora', { displayName: 'Dora' });
  await expect(member(ada, 'Dora')).toBeVisible();

  await ada.createChannel('Reading room');
  await expect(panel(ada)).toContainText('Members');
  await expect(member(ada, 'Ada').getByTestId('role')).toHaveText('Owner');
  await ben.joinChannel('Reading room');
  await expect(member(ada, 'Ben')).toBeVisible();
  await expect(ada.page.getByTestId('comings')).toHaveText('Ben joined');
  // From the list one talks to somebody directly.
  await member(ada, 'Ben').getByRole('button').first().click();
  await ada.arrived('Ben');
});

test('the owner changes name and topic, and everybody sees it; a member cannot', async ({ enter, server }) => {
  await signUp(server, 'owner');
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.createChannel('Redaing room');
  await ben.joinChannel('Redaing room');
  await openPanel(ada);
  await ada.page.getByTestId('edit-channel').click();
  await ada.page.getByTestId('channel-name').fill('General');
  await ada.page.getByTestId('save-channel').click();
  await expect(ada.page.getByTestId('channel-name-problem')).toBeVisible();
  await ada.page.getByTestId('channel-name').fill('Reading room');
  await ada.page.getByTestId('channel-topic').fill('Books, mostly');
  await ada.page.getByTestId('save-channel').click();
  for (const person of [ada, ben]) {
    await person.arrived('Reading room');
    await expect(person.page.locator('header .topic')).toHaveText('Books, mostly');
    await expect(person.entry('Reading room')).toBeVisible();
  }
  await openPanel(ben);
  await expect(panel(ben)).toContainText('Books, mostly');
  await expect(ben.page.getByTestId('edit-channel')).toHaveCount(0);
});

test('the name of a new channel is judged while one types, and one that is taken when it is sent', async ({
  enter,
}) => {
  const ada = await enter('ada');
  const { page } = ada;
  await page.getByTestId('new-channel').click();
  const [name, problem] = [page.getByTestId('channel-name'), page.getByTestId('channel-name-problem')];
  // One that may still become long enough, or get another word, is not found fault with.
  for (const [typed, said] of [
    ['r', null],
    ['re', null],
    ['re?', 'Letters, digits, spaces, dots, dashes and underscores only.'],
    ['reading ', null],
    ['reading  room', 'Single spaces between words only, none at the ends.'],
    ['reading room, and much more besides', 'Letters, digits, spaces, dots, dashes and underscores only.'],
    ['reading room and much more besides', 'At most 32 characters.'],
    ['#reading room', null],
    ['General', null],
  ]) {
    await name.fill(typed);
    if (said === null) await expect(problem).toHaveCount(0);
    else await expect(problem).toHaveText(said);
    expect(await name.getAttribute('aria-invalid')).toBe(said === null ? null : 'true');
  }
  await page.getByTestId('create-channel').click();
  await expect(problem).toHaveText('This name is taken, or looks like one that is.');
  await expect(name).toBeFocused();
  // Once one has tried, too short is too short.
  await name.fill('g');
  await expect(problem).toHaveText('At least 2 characters.');
  await name.fill('#garden');
  await page.getByTestId('create-channel').click();
  await ada.arrived('garden');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('garden');
});

test('a private channel: the owner adds people and takes them out, and nobody else can', async ({ enter, server }) => {
  await signUp(server, 'cleo', { displayName: 'Cleo' });
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.createChannel('Founders', undefined, { isPrivate: true });
  await openPanel(ada);
  await ada.page.getByTestId('add-people').click();
  await ada.choose('Ben', 'Cleo');
  await expect(panel(ada).locator('.count')).toHaveText('3');
  await expect(member(ada, 'Cleo')).toBeVisible();
  await ben.goTo('Founders');
  await openPanel(ben);
  await expect(member(ben, 'Cleo')).toBeVisible();
  await expect(ben.page.getByTestId('add-people')).toHaveCount(0);
  await expect(ben.page.getByTestId('remove-member')).toHaveCount(0);

  await member(ada, 'Ben').hover();
  await member(ada, 'Ben').getByTestId('remove-member').click();
  await expect(member(ada, 'Ben')).toHaveCount(0);
  await expect(panel(ada).locator('.count')).toHaveText('2');
  await expect(ben.entry('Founders')).toHaveCount(0);
  await expect(ben.page.getByTestId('no-channel')).toBeVisible();
});

test('the buttons of a dialog for people stand at its end, whether anybody was found or not', async ({
  enter,
  server,
}) => {
  await signUp(server, 'ben', { displayName: 'Ben' });
  const { page } = await enter('ada');
  await page.getByTestId('new-direct').click();
  const submit = page.getByTestId('people-submit');
  await expect(page.getByTestId('user-result')).toHaveCount(1);
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
  const { y } = await submit.boundingBox();
  await page.getByTestId('people-search').fill('zzz');
  await expect(page.getByTestId('user-result')).toHaveCount(0);
  await expect(page.getByRole('dialog')).toContainText('Nobody’s name begins with “zzz”.');
  expect((await submit.boundingBox()).y).toBe(y);
});

test('leaving asks, and leads elsewhere; General cannot be left', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.createChannel('Short visit');
  await ben.joinChannel('Short visit');
  await openPanel(ben);
  await ben.page.getByTestId('leave-channel').click();
  await ben.page.getByTestId('confirm-leave').click();
  await ben.arrived('General');
  await expect(ben.entry('Short visit')).toHaveCount(0);
  await expect(ben.page.getByTestId('leave-channel')).toHaveCount(0);
  // Whoever came and went while nothing was said leaves no trace.
  await expect(ada.page.getByTestId('comings')).toHaveCount(0);
  await ada.say('Gone already?');
  await ben.joinChannel('Short visit');
  await expect(ada.page.getByTestId('comings')).toHaveText('Ben joined');
  await ada.hasUnread('Short visit', 0);
  // What was seen once is there on coming back too.
  await ada.reload();
  await expect(ada.page.getByTestId('comings')).toHaveText('Ben joined');
  await ada.hasUnread('Short visit', 0);
});

test('what one wrote last says who has seen it', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  const cleo = await enter('cleo');
  const seen = ada.page.getByTestId('seen');
  await ada.reach('Ben');
  await ada.say('Just you');
  await ada.reads('Just you');
  await expect(seen).toHaveText('');
  await ben.looks();
  await ben.goTo(/Ada/);
  await expect(seen).toHaveText('Seen');

  await ada.reach('Ben', 'Cleo');
  await ada.say('You two');
  await cleo.looks();
  await cleo.goTo(/Ada, Ben|Ben, Ada/);
  await expect(seen).toHaveText('Seen by Cleo');
  await ben.looks();
  await ben.goTo(/Cleo/);
  await expect(seen).toHaveText('Seen by everyone');
  // What is known on arriving, too.
  await ada.reload();
  await expect(seen).toHaveText('Seen by everyone');

  // In a small channel as well.
  await ada.goTo('General');
  await ada.say('All of you');
  await ada.reads('All of you');
  await expect(seen).toHaveText('');
  await ben.looks();
  await ben.goTo('General');
  await expect(seen).toHaveText('Seen by Ben');
});

test('a display name is changed, and others see it at once', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.say('hello');
  await ben.reads('hello');
  await ada.page.getByTestId('user-menu').click();
  await ada.page.getByTestId('open-settings').click();
  await ada.page.getByTestId('profile-name').fill('Ada Lovelace');
  await ada.page.getByTestId('profile-save').click();
  await expect(ada.page.getByTestId('own-name')).toHaveText('Ada Lovelace');
  await expect(ben.message('hello')).toContainText('Ada Lovelace');
});

test('where there is less room the panel lies over the channel, and on a phone it is a page', async ({ enter }) => {
  const ada = await enter('ada', { viewport: { width: 900, height: 700 } });
  const width = (await ada.timeline.boundingBox()).width;
  await openPanel(ada);
  await expect(ada.page.getByTestId('close-panel')).toBeFocused();
  expect((await ada.timeline.boundingBox()).width).toBe(width);
  await ada.page.keyboard.press('Escape');
  await expect(panel(ada)).toHaveCount(0);

  const phone = await enter('ada', { account: ada.account, ...PHONE });
  await openPanel(phone);
  await expect(panel(phone)).toBeVisible();
  await expect(phone.timeline).toBeHidden();
  await phone.page.goBack();
  await expect(phone.timeline).toBeVisible();
});

test('a list of many members holds few of them in the page, and all of them in order', async ({ enter, server }) => {
  const ada = await enter('ada', { displayName: 'Aaa' });
  const names = Array.from({ length: 70 }, (_, n) => `Person ${String(n).padStart(3, '0')}`);
  for (let at = 0; at < names.length; at += 10) {
    await Promise.all(
      names.slice(at, at + 10).map((displayName, n) => signUp(server, `person${at + n}`, { displayName })),
    );
  }
  await openPanel(ada);
  await expect(panel(ada)).toContainText('Offline — 70');
  expect(await ada.page.getByTestId('member').count()).toBeLessThan(45);
  const seen = new Set();
  await expect
    .poll(async () => {
      for (const text of await ada.page.getByTestId('member').allTextContents()) seen.add(/Person \d+/.exec(text)?.[0]);
      await panel(ada)
        .locator('.list')
        .evaluate((list) => (list.scrollTop += 400));
      return names.every((name) => seen.has(name));
    })
    .toBe(true);
  await fill(server, ada.account.cookie, (await command(server, ada.account.cookie, 'channel:list', {}))[0].id, ['x']);
  await ada.reads('x');
  // Among so many nobody is told who has seen it.
  await expect(ada.page.getByTestId('seen')).toHaveCount(0);
});

test('the header shows some of those who are in a channel, whoever is here first, and leads to all of them', async ({
  enter,
  server,
}) => {
  const away = [];
  for (const name of ['Abel', 'Cora', 'Dora'])
    away.push(await signUp(server, name.toLowerCase(), { displayName: name }));
  const ada = await enter('ada');
  const faces = ada.page.getByTestId('face');
  const shown = () => faces.evaluateAll((all) => all.map((one) => one.dataset.userId));
  await expect.poll(shown).toEqual(away.map(({ id }) => id));
  const ben = await enter('ben');
  await expect.poll(shown).toEqual([ben.account.id, away[0].id, away[1].id]);
  // Their letters tell whose they are: none lies over another.
  const boxes = await faces.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
  for (const [n, box] of boxes.slice(1).entries()) expect(box.left).toBeGreaterThan(boxes[n].right);
  await faces.first().click();
  await expect(panel(ada)).toBeVisible();

  // In one's own channel there is nobody else yet; who comes is shown.
  await ada.createChannel('Garden');
  await expect(faces).toHaveCount(0);
  await ben.joinChannel('Garden');
  await expect.poll(shown).toEqual([ben.account.id]);
});
