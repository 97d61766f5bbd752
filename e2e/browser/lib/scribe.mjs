// Somebody who is never at a browser and writes much, and how tests look at a timeline.

import { command, fill } from '../../harness/command.mjs';
import { signUp } from '../../harness/http.mjs';
import { expect } from './test.mjs';

export const lines = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}`);

/** A writer with an account, General's id, and a way to write many messages at once. */
export async function scribe(server, username = 'scribe') {
  const account = await signUp(server, username, { displayName: 'Scribe' });
  const [general] = await command(server, account.cookie, 'channel:list', {});
  return {
    ...account,
    channelId: general.id,
    write: (texts, channelId = general.id) => fill(server, account.cookie, channelId, texts),
    does: (name, payload) => command(server, account.cookie, name, payload),
  };
}

/** Which message is in the middle of the timeline, and where it stands, once everything in view is laid out. */
export async function inTheMiddle(timeline) {
  const look = () =>
    timeline.evaluate(async (scroller) => {
      // Rows that came into view get their true height in the frame after.
      for (let frames = 0; frames < 3; frames += 1) await new Promise(requestAnimationFrame);
      const { top, height } = scroller.getBoundingClientRect();
      const rows = [...scroller.querySelectorAll('[data-testid=message]')];
      const row = rows.find((one) => one.getBoundingClientRect().bottom > top + height / 2);
      return { seq: row.dataset.seq, top: row.getBoundingClientRect().top };
    });
  let last = await look();
  await expect
    .poll(async () => {
      const before = last;
      last = await look();
      return last.seq === before.seq && last.top === before.top;
    })
    .toBe(true);
  return last;
}

/** Wait until a message stands where it stood, to the pixel. */
export const expectUnmoved = (timeline, { seq, top }) =>
  expect
    .poll(
      () =>
        timeline
          .locator(`[data-seq="${seq}"]`)
          .evaluate((row, was) => Math.abs(row.getBoundingClientRect().top - was), top),
      { message: 'pixels moved', timeout: 3_000 },
    )
    .toBeLessThanOrEqual(1);

export const scrollTo = (timeline, top) =>
  timeline.evaluate((scroller, to) => scroller.scrollTo({ top: to, behavior: 'instant' }), top);

export const scrollToEnd = (timeline) =>
  timeline.evaluate((scroller) => scroller.scrollTo({ top: scroller.scrollHeight, behavior: 'instant' }));

/** Wait until the server knows that somebody has read General up to that message: from then on a page opens at its end. */
export const expectRead = (server, { account }, seq) =>
  expect
    .poll(async () => {
      const [general] = await command(server, account.cookie, 'channel:list', {});
      return general.readUpTo;
    })
    .toBe(seq);
