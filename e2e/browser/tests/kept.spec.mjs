// What the browser keeps for a reload, and for the other tabs.

import { leftInTheBrowser } from '../lib/stored.mjs';
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
