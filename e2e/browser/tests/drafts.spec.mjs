// What is written but not sent: it is kept until it is safe elsewhere.

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
