// What the browser keeps for a reload, and for the other tabs.

import { clearDatabases, deleteDatabases, leftInTheBrowser } from '../lib/stored.mjs';
import { expect, test } from '../lib/test.mjs';

/** In the page, before it begins: it hears of nothing that other tabs do. */
function goDeaf() {
  BroadcastChannel.prototype.addEventListener = () => {};
}

async function secondTab(person, prepare) {
  const page = await person.page.context().newPage();
  if (prepare) await page.addInitScript(prepare);
  await page.goto(person.page.url());
  const second = new person.constructor(page, person.account);
  await second.arrived();
  return second;
}

test('without a connection, a reload still names who wrote and whom one talks with', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line, displayName: 'Ada Lovelace' });
  const ben = await enter('ben', { displayName: 'Ben Okri' });
  await ben.say('hello from ben');
  await ada.reach('Ben Okri');
  await ada.goTo('General');
  await ada.reads('hello from ben');
  line.refuseSockets();
  await ada.say('hello from ada');
  await expect(ada.message('hello from ada')).toHaveAttribute('data-state', 'pending');
  await ada.page.reload();
  await ada.arrived('General');
  await expect(ada.message('hello from ben')).toContainText('Ben Okri');
  await expect(ada.message('hello from ada')).toContainText('Ada Lovelace');
  // Whether somebody is there nobody can tell now.
  await expect(ada.entry('Ben Okri')).toHaveCount(1);
  await expect(ada.entry('Ben Okri').getByTestId('presence')).toHaveCount(0);
  line.mend();
  await ada.reads('hello from ada');
  await expect(ada.entry('Ben Okri').getByTestId('presence')).toHaveAttribute('data-online', 'true');
});

test('a draft is the same in every tab, and gone from all of them when it is sent', async ({ enter }) => {
  const ada = await enter('ada');
  const second = await secondTab(ada);
  await ada.composer.fill('begun here');
  await expect(second.composer).toHaveValue('begun here');
  await second.composer.fill('begun here, gone on there');
  await expect(ada.composer).toHaveValue('begun here, gone on there');
  await ada.composer.press('Enter');
  await expect(second.composer).toHaveValue('');
  await second.reads('begun here, gone on there');
  for (const tab of [ada, second]) {
    await tab.reload();
    await expect(tab.composer).toHaveValue('');
  }
});

test('two tabs that do not hear of each other lose nothing of what is begun in both', async ({ enter }) => {
  const ada = await enter('ada');
  const second = await secondTab(ada, goDeaf);
  await ada.composer.fill('begun in the one');
  await expect.poll(() => ada.page.evaluate(leftInTheBrowser)).toContain('begun in the one');
  await second.composer.fill('begun in the other');
  await expect(second.composer).toHaveValue('begun in the one\n\nbegun in the other');
  await expect(ada.composer).toHaveValue('begun in the one\n\nbegun in the other');
  await second.reload();
  await expect(second.composer).toHaveValue('begun in the one\n\nbegun in the other');
});

for (const [name, wipe] of [
  [
    'what was kept and is deleted by another tab is written down again by an open page',
    (page) => page.evaluate(deleteDatabases),
  ],
  ['what was kept and is cleared by the browser is written down again by an open page', clearDatabases],
]) {
  test(name, async ({ enter, layLine }) => {
    const line = await layLine();
    const ada = await enter('ada', { line });
    await ada.say('stored');
    await ada.reads('stored');
    line.refuseSockets();
    await ada.say('written before');
    await ada.composer.fill('begun before');
    await expect.poll(() => ada.page.evaluate(leftInTheBrowser)).toContain('begun before');
    await wipe(ada.page);
    const kept = expect.poll(() => ada.page.evaluate(leftInTheBrowser));
    for (const text of ['stored', 'written before', 'begun before', 'General']) await kept.toContain(text);

    await ada.say('begun before, and ended after');
    await ada.composer.fill('begun after');
    await kept.toContain('begun after');
    await ada.page.reload();
    await ada.arrived('General');
    await expect(ada.composer).toHaveValue('begun after');
    await expect(ada.message('stored')).toHaveAttribute('data-state', 'sent');
    for (const text of ['written before', 'ended after']) {
      await expect(ada.message(text)).toHaveAttribute('data-state', 'pending');
    }
    line.mend();
    const wanted = ['stored', 'written before', 'begun before, and ended after'];
    expect((await ada.showsExactly(wanted)).map((row) => row.text)).toEqual(wanted);
  });
}

/**
 * In the page: the disk is full; what is cleared makes room, where `makesRoom`. (The browser's own way to set a quota
 * stops no database.) Returns how to make room.
 */
function fillUp(makesRoom) {
  const { add, put, clear } = IDBObjectStore.prototype;
  let isFull = true;
  const unlessFull = (write) =>
    function unlessFull(...given) {
      if (isFull) throw new DOMException('the quota is exceeded', 'QuotaExceededError');
      return write.apply(this, given);
    };
  IDBObjectStore.prototype.add = unlessFull(add);
  IDBObjectStore.prototype.put = unlessFull(put);
  IDBObjectStore.prototype.clear = function clearForRoom() {
    if (makesRoom) isFull = false;
    return clear.call(this);
  };
  window.makeRoom = () => (isFull = false);
}

test('where there is no room, what one writes takes that of what the server can tell again', async ({
  enter,
  layLine,
}) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  await ada.say('stored');
  await ada.reads('stored');
  await expect.poll(() => ada.page.evaluate(leftInTheBrowser)).toContain('stored');
  line.refuseSockets();
  await ada.page.evaluate(fillUp, true);
  await ada.say('precious');
  await ada.composer.fill('begun');
  const kept = expect.poll(() => ada.page.evaluate(leftInTheBrowser));
  for (const text of ['precious', 'begun']) await kept.toContain(text);
  expect(await ada.page.evaluate(leftInTheBrowser)).not.toContain('stored');
  await expect(ada.page.getByTestId('unkept')).toHaveCount(0);
  await ada.page.reload();
  line.mend();
  await ada.showsExactly(['stored', 'precious']);
  await expect(ada.composer).toHaveValue('begun');
});

test('what cannot be kept is said plainly, and sent all the same', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const ben = await enter('ben');
  line.refuseSockets();
  await ada.page.evaluate(fillUp, false);
  await ada.say('only on this page');
  await expect(ada.page.getByTestId('unkept')).toContainText('lost when you reload');
  line.mend();
  await ben.reads('only on this page');
  await ada.reads('only on this page');
  await ada.page.evaluate(() => window.makeRoom());
  await ada.say('and this is kept');
  await expect(ada.page.getByTestId('unkept')).toHaveCount(0);
});
