// How long things take with a cache of a thousand channels and ten thousand messages. A test asserts no more than ten
// times each figure, since the machine may be busy; `SPEED_REPORT=1` prints what was measured, for docs/benchmarks.md.

import { commands } from '../../harness/command.mjs';
import { signUp } from '../../harness/http.mjs';
import { expect, test } from '../lib/test.mjs';

// A trace would be measured along.
test.use({ trace: 'off' });

/** Half of them conversations: nobody is in more than 500 channels. */
const CHANNELS = 1_000;
/** As many people make sets enough for the conversations. */
const OTHERS = 12;
/** Channels that were visited before, each with a cache of so many messages. */
const VISITED = 200;
const MESSAGES = 50;
const SWITCHES = 30;
const OPENINGS = 10;

/** Milliseconds. */
const FIGURES = {
  'first visit, to the composer': 1_500,
  'reload with a full cache, to the messages': 1_000,
  'channel switch, median': 100,
  'channel switch, longest task': 100,
  'the switcher opens, first': 50,
  'the switcher opens, median of the rest': 50,
  'a message is seen by somebody else': 300,
};

const text = (channel, n) =>
  n % 9 === 4 ? `**${n}** in ${channel}:\n\n\`\`\`rust\nlet n = ${n};\n\`\`\`` : `message ${n}`;

async function inBatches(server, cookie, wanted) {
  const answers = await commands(server, cookie, wanted);
  const refused = answers.find((answer) => answer.status !== 'OK');
  if (refused) throw new Error(JSON.stringify(refused));
  return answers.map((answer) => answer.data);
}

/** In the page: puts messages into its cache as visits would have left them there. */
async function putIntoCache({ userId, snapshots }) {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open(`hearth:${userId}`);
    request.onsuccess = () => resolve(request.result);
  });
  const change = database.transaction('snapshots', 'readwrite');
  for (const snapshot of snapshots) change.objectStore('snapshots').put(snapshot);
  await new Promise((resolve) => (change.oncomplete = resolve));
  database.close();
}

/** In the page: goes to channels one after the other; how long until each shows its last message, and the longest task. */
async function switchChannels(channelIds) {
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((task) => task.duration)));
  observer.observe({ type: 'longtask' });
  const times = [];
  for (const channelId of channelIds) {
    const link = document.querySelector(`[data-testid=channel-item][data-channel-id="${channelId}"]`);
    const begun = performance.now();
    link.click();
    for (;;) {
      await new Promise(requestAnimationFrame);
      const channel = document.querySelector(`[data-testid=channel][data-channel-id="${channelId}"]`);
      if (channel?.querySelector('[data-testid=timeline][aria-busy=false] [data-testid=message]')) break;
    }
    // Drawn, not only made.
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    times.push(performance.now() - begun);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  observer.disconnect();
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], slowest: times.at(-1), longestTask: Math.max(0, ...tasks) };
}

/** In the page: how long the next Ctrl+K takes, from the key to the frame that shows where one may go. */
function watchSwitcher() {
  window.switcherShown = new Promise((resolve) => {
    const begun = ({ key, timeStamp }) => {
      if (key !== 'k') return;
      removeEventListener('keydown', begun, true);
      const look = () => {
        if (!document.querySelector('[role=dialog] [data-testid=switcher-entry]')) return requestAnimationFrame(look);
        // Drawn, not only made: the frame in which it is found is painted before a task of the next one.
        return requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - timeStamp)));
      };
      requestAnimationFrame(look);
    };
    addEventListener('keydown', begun, true);
  });
}

/** Sets of these, the small ones first. */
function sets(ids, count) {
  let grown = ids.map((id) => [id]);
  const all = [...grown];
  while (all.length < count) {
    grown = grown.flatMap((set) => ids.slice(ids.indexOf(set.at(-1)) + 1).map((id) => [...set, id]));
    all.push(...grown);
  }
  return all.slice(0, count);
}

test('with a thousand channels and ten thousand messages in the cache it stays quick', async ({
  server,
  enter,
  window,
}) => {
  test.slow();
  const figures = {};
  const account = await signUp(server, 'ada', { displayName: 'Ada' });
  const names = Array.from({ length: CHANNELS / 2 - 1 }, (_, n) => `channel ${String(n).padStart(4, '0')}`);
  const channels = await inBatches(
    server,
    account.cookie,
    names.map((name) => ['channel:create', { name }]),
  );
  const others = [];
  for (let n = 0; n < OTHERS; n++) others.push((await signUp(server, `other${n}`)).id);
  await inBatches(
    server,
    account.cookie,
    sets(others, CHANNELS / 2).map((userIds) => ['user:reach', { userIds }]),
  );
  const visited = channels.slice(0, VISITED);
  const sends = visited.flatMap(({ id, name }) =>
    Array.from({ length: MESSAGES }, (_, n) => ['message:send', { channelId: id, content: text(name, n) }]),
  );
  const receipts = await inBatches(server, account.cookie, sends);

  const fresh = await window();
  await fresh.goto(server.url);
  const [name, value] = account.cookie.split('=');
  await fresh.context().addCookies([{ name, value, url: server.url, httpOnly: true, sameSite: 'Lax' }]);
  await fresh.goto(server.url, { waitUntil: 'commit' });
  await expect(fresh.getByTestId('composer')).toBeVisible();
  figures['first visit, to the composer'] = await fresh.evaluate(() => performance.now());

  const ada = await enter('ada', { account });
  await expect(ada.page.getByTestId('channel-item')).toHaveCount(CHANNELS);
  const snapshots = visited.map((channel, at) => ({
    channelId: channel.id,
    cursor: MESSAGES,
    floor: 1,
    rows: Array.from({ length: MESSAGES }, (_, n) => ({
      channelId: channel.id,
      seq: n + 1,
      rev: n + 1,
      from: account.id,
      content: text(channel.name, n),
      createdAt: receipts[at * MESSAGES + n].createdAt,
      editedAt: null,
      deletedAt: null,
      clientId: null,
    })),
  }));
  await ada.page.evaluate(putIntoCache, { userId: account.id, snapshots });
  await ada.page.goto(`${server.url}/c/${visited[0].id}`, { waitUntil: 'commit' });
  await expect(ada.messages.first()).toBeVisible();
  figures['reload with a full cache, to the messages'] = await ada.page.evaluate(() => performance.now());
  await expect(ada.page.getByTestId('connection')).toHaveAttribute('data-status', 'online');

  const route = Array.from({ length: SWITCHES }, (_, n) => visited[(n * 7 + 1) % VISITED].id);
  await ada.page.evaluate(switchChannels, route.slice(0, 3));
  const switched = await ada.page.evaluate(switchChannels, route);
  figures['channel switch, median'] = switched.median;
  figures['channel switch, longest task'] = switched.longestTask;

  const opened = [];
  for (let times = 0; times < OPENINGS; times++) {
    await ada.page.evaluate(watchSwitcher);
    await ada.page.keyboard.press('Control+k');
    opened.push(await ada.page.evaluate(() => window.switcherShown));
    await ada.page.keyboard.press('Escape');
    await expect(ada.page.getByRole('dialog')).toHaveCount(0);
  }
  // The first time it is made.
  figures['the switcher opens, first'] = opened[0];
  figures['the switcher opens, median of the rest'] = opened.slice(1).sort((a, b) => a - b)[(OPENINGS - 1) >> 1];

  const ben = await enter('ben');
  await ada.goTo('General');
  await ada.page.evaluate(() => {
    const log = document.querySelector('[data-testid=timeline]');
    new MutationObserver(() => {
      if (log.textContent.includes('how quick')) window.seenAt ??= Date.now();
    }).observe(log, { subtree: true, childList: true });
  });
  await ben.composer.fill('how quick');
  const sentAt = Date.now();
  await ben.composer.press('Enter');
  await ada.reads('how quick');
  figures['a message is seen by somebody else'] = (await ada.page.evaluate(() => window.seenAt)) - sentAt;

  if (process.env.SPEED_REPORT) console.log(figures, switched, opened);
  for (const [what, limit] of Object.entries(FIGURES)) expect(figures[what], what).toBeLessThanOrEqual(10 * limit);
});
