// What is written but not sent: it is kept until it is safe elsewhere.

import { command } from '../../harness/command.mjs';
import { leftInTheBrowser } from '../lib/stored.mjs';
import { expect, test } from '../lib/test.mjs';

/** In the page: from now on the disk takes no message, and does not say so either. */
async function holdOutbox() {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open('held');
    request.onupgradeneeded = () => request.result.createObjectStore('rows');
    request.onsuccess = () => resolve(request.result);
  });
  const first = database.transaction('rows', 'readwrite').objectStore('rows');
  // A transaction lives while something is asked of it, and the next one waits for its end.
  const ask = () => (first.count().onsuccess = ask);
  ask();
  IDBObjectStore.prototype.add = () => database.transaction('rows', 'readwrite').objectStore('rows').count();
}

test('a page that dies before a message is written down still has its text', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  await ada.say('before');
  await ada.reads('before');
  await expect.poll(() => ada.page.evaluate(leftInTheBrowser)).toContain('before');
  line.refuseSockets();
  await ada.page.evaluate(holdOutbox);
  await ada.say('on its way');
  await ada.composer.fill('and the next one');
  await ada.reload();
  await expect(ada.composer).toHaveValue('on its way\n\nand the next one');
  await expect(ada.messages).toHaveCount(1);
});

test('what was begun in a channel that one is not in any more is kept, and goes on there when one is back', async ({
  enter,
  server,
}) => {
  const ada = await enter('ada');
  const ben = await enter('ben', { permissions: ['clipboard-read', 'clipboard-write'] });
  await ada.createChannel('Founders', undefined, { isPrivate: true });
  const channelId = new URL(ada.page.url()).pathname.split('/').pop();
  const does = (name, payload) => command(server, ada.account.cookie, name, { channelId, ...payload });
  await does('channel:add', { userIds: [ben.account.id] });
  await ben.goTo('Founders');
  await ben.composer.fill('half a thought');
  await does('channel:remove', { userId: ben.account.id });

  await expect(ben.page.getByTestId('no-channel')).toBeVisible();
  await expect(ben.page.getByTestId('unsent')).toHaveText('One message was not sent');
  await ben.page.reload();
  await ben.page.getByTestId('unsent-here').click();
  const unsent = ben.page.getByTestId('unsent-message');
  await expect(unsent).toContainText('Founders');
  await expect(unsent).toContainText('half a thought');
  await unsent.getByTestId('copy-unsent').click();
  expect(await ben.page.evaluate(() => navigator.clipboard.readText())).toBe('half a thought');

  await does('channel:add', { userIds: [ben.account.id] });
  await expect(unsent).toHaveCount(0);
  await ben.arrived('Founders');
  await expect(ben.composer).toHaveValue('half a thought');
  await does('channel:remove', { userId: ben.account.id });
  await ben.page.getByTestId('unsent-here').click();
  await unsent.getByTestId('discard-unsent').click();
  await expect(ben.page.getByTestId('unsent')).toHaveCount(0);
  await ben.page.reload();
  await expect(ben.page.getByTestId('no-channel')).toBeVisible();
  await expect(ben.page.getByTestId('unsent')).toHaveCount(0);
});
