// The timeline as an instrument would see it: what moves, how much is drawn, and where it opens.

import { expectRead, lines, scribe } from '../lib/scribe.mjs';
import { leftInTheBrowser } from '../lib/stored.mjs';
import { expect, test } from '../lib/test.mjs';

// A trace would copy hundreds of rows at every step.
test.use({ trace: 'off' });

const PAGES = 50;

/** Texts of all heights: short ones, long ones, lists, and blocks of code that are coloured when they are drawn. */
const mixed = (count) =>
  Array.from({ length: count }, (_, n) => {
    if (n % 7 === 3) return `line ${n + 1}\n\n\`\`\`rust\nfn main() {\n    println!("{}", ${n});\n}\n\`\`\``;
    if (n % 5 === 2) return `line ${n + 1} ${'and on and on '.repeat(20)}`;
    if (n % 11 === 6) return `line ${n + 1}\n- one\n- two\n- three`;
    return `line ${n + 1}`;
  });

/** In the page: near the top, so that more is fetched. What is in the middle once everything in view is laid out. */
async function scrollUpAndRest(scroller) {
  const frame = () => new Promise(requestAnimationFrame);
  scroller.scrollTo({ top: 200, behavior: 'instant' });
  const middle = () => {
    const { top, height } = scroller.getBoundingClientRect();
    const rows = [...scroller.querySelectorAll('[data-seq]')];
    const row = rows.find((one) => one.getBoundingClientRect().bottom > top + height / 2);
    return { seq: row.dataset.seq, top: row.getBoundingClientRect().top, first: rows[0].dataset.seq };
  };
  let last = middle();
  for (let quiet = 0; quiet < 5;) {
    await frame();
    const now = middle();
    quiet = now.seq === last.seq && now.top === last.top ? quiet + 1 : 0;
    last = now;
  }
  return last;
}

/** In the page: how far that message moves when older ones come, and when something above it grows. */
async function pageThenGrowth(scroller, before) {
  const frames = async (count) => {
    for (let frame = 0; frame < count; frame += 1) await new Promise(requestAnimationFrame);
  };
  const row = scroller.querySelector(`[data-seq="${before.seq}"]`);
  const moved = () => Math.abs(row.getBoundingClientRect().top - before.top);
  while (scroller.querySelector('[data-seq]').dataset.seq === before.first) await frames(1);
  await frames(12);
  const byPage = moved();
  // As a picture would that was loaded late.
  const { top } = scroller.getBoundingClientRect();
  const above = [...scroller.querySelectorAll('[data-seq]')].filter((one) => one.getBoundingClientRect().bottom < top);
  for (const one of above.slice(-3)) one.style.paddingBlockEnd = '47px';
  await frames(4);
  return [byPage, moved()];
}

test('over fifty pages of history, with content that comes late, what one reads never moves by more than a pixel', async ({
  enter,
  server,
  layLine,
}) => {
  test.slow();
  const writer = await scribe(server);
  await writer.write(mixed(50 * (PAGES + 2)));
  const line = await layLine();
  const ada = await enter('ada', { line });
  await ada.page.evaluate(() => {
    const scroller = document.querySelector('[data-testid=timeline]');
    window.most = 0;
    const count = () => {
      window.most = Math.max(window.most, scroller.querySelectorAll('[data-testid=message]').length);
    };
    new MutationObserver(count).observe(scroller, { subtree: true, childList: true });
  });
  for (let page = 0; page < PAGES; page += 1) {
    // The next page waits until what is in view has come to rest.
    line.holdAnswers();
    const before = await ada.timeline.evaluate(scrollUpAndRest);
    line.release();
    const moved = await ada.timeline.evaluate(pageThenGrowth, before);
    for (const pixels of moved) expect(pixels, `page ${page}: pixels moved`).toBeLessThanOrEqual(1);
  }
  expect(await ada.page.evaluate(() => window.most), 'messages drawn at once').toBeLessThanOrEqual(300);
});

test('opened from the cache, it goes to where the unread begins as soon as that is known', async ({
  enter,
  server,
  layLine,
}) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 40));
  const line = await layLine();
  const ada = await enter('ada', { line });
  await ada.say('all read');
  await ada.reads('all read');
  await expect.poll(() => ada.page.evaluate(leftInTheBrowser)).toContain('all read');
  await ada.page.goto('about:blank');
  await writer.write(lines(41, 100));
  line.refuseSockets();
  await ada.page.goto(line.url);
  await expect(ada.message('all read')).toBeInViewport();
  line.mend();
  await expect(ada.page.getByTestId('unread-divider')).toBeInViewport();
  await expect(ada.message('line 41')).toBeInViewport();
  await ada.hasUnread('General', 60);
});

test('opened from a cache that holds less than is unread, it goes there all the same, and reads nothing unseen', async ({
  enter,
  server,
  layLine,
}) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 40));
  const line = await layLine();
  const ada = await enter('ada', { line });
  const general = ada.page.url();
  await ada.say('all read');
  await ada.reads('all read');
  await expectRead(server, ada, 41);
  await ada.createChannel('Elsewhere');
  await writer.write(lines(41, 140));
  await ada.hasUnread('General', 100);
  await expect.poll(() => ada.page.evaluate(leftInTheBrowser)).toContain('line 140');
  line.refuseSockets();
  await ada.page.goto(general);
  await expect(ada.message('line 140')).toBeInViewport();
  // Longer than what is seen takes to count as read.
  await ada.page.waitForTimeout(1_000);
  await ada.hasUnread('General', 100);
  line.mend();
  await expect(ada.page.getByTestId('unread-divider')).toBeInViewport();
  await expect(ada.message('line 41')).toBeInViewport();
  await ada.hasUnread('General', 100);
});

test('the composer grows to 40 % of the window and never covers the newest message', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 40));
  const ada = await enter('ada');
  await expect(ada.message('line 40')).toBeInViewport();
  for (let n = 1; n <= 30; n += 1) {
    await ada.page.keyboard.type(`${n}`);
    await ada.page.keyboard.press('Shift+Enter');
  }
  const { height } = await ada.composer.boundingBox();
  expect(height).toBeGreaterThan(200);
  expect(height).toBeLessThanOrEqual(0.4 * 800 + 1);
  const bottomOf = async (locator) => {
    const box = await locator.boundingBox();
    return box.y + box.height;
  };
  await expect
    .poll(async () => (await bottomOf(ada.message('line 40'))) - (await bottomOf(ada.timeline)))
    .toBeLessThanOrEqual(0);
  await writer.write(['one more']);
  await expect(ada.message('one more')).toBeInViewport({ ratio: 1 });
  await ada.composer.fill('');
  expect((await ada.composer.boundingBox()).height).toBeLessThan(60);
  await expect(ada.message('one more')).toBeInViewport({ ratio: 1 });
});

test('a day ends at midnight, also on a page that stays open', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(['said today']);
  const evening = new Date();
  evening.setUTCHours(23, 58, 0, 0);
  const ada = await enter('ada', { prepare: (context) => context.clock.install({ time: evening }) });
  const day = ada.page.getByTestId('day-separator');
  await expect(day).toHaveText('Today');
  await ada.page.clock.fastForward('05:00');
  await expect(day).toHaveText('Yesterday');
  await ada.page.clock.fastForward('24:00:00');
  await expect(day).not.toHaveText('Yesterday');
  await expect(day).toContainText(String(evening.getUTCDate()));
});
