// What a page has written down in its browser.

/** In the page: everything in its databases, as one text. */
export async function leftInTheBrowser() {
  const texts = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    for (const store of database.objectStoreNames) {
      const rows = await new Promise((resolve) => {
        const request = database.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
      });
      texts.push(JSON.stringify(rows));
    }
    database.close();
  }
  return texts.join();
}

/** In the page: throw every database away. */
export async function deleteDatabases() {
  for (const { name } of await indexedDB.databases()) {
    await new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve));
  }
}

/** What the browser does when somebody clears what a site keeps, as far as databases go. */
export async function clearDatabases(page) {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
}
