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
