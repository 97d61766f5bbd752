// Links to messages: copied from one, and followed to it.

import { lines, scribe, scrollToEnd } from '../lib/scribe.mjs';
import { expect, test } from '../lib/test.mjs';

const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };
const copied = (page) => page.evaluate(() => navigator.clipboard.readText());
/** Follows a link within the page that is open. */
const follow = (page, path) =>
  page.evaluate((to) => {
    history.pushState(history.state, '', to);
    dispatchEvent(new PopStateEvent('popstate', { state: history.state }));
  }, path);
const marked = (person) => person.page.locator('[data-testid=message][aria-current=true]');

test('C and the action of a message copy a link, which opens the channel there', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 30));
  const ada = await enter('ada', CLIPBOARD);
  await ada.message('line 30').hover();
  await ada.page.getByTestId('copy-link').click();
  await expect(ada.page.getByTestId('toast')).toHaveText('Link copied.');
  const address = `${server.url}/c/${writer.channelId}`;
  expect(await copied(ada.page)).toBe(`${address}/30`);
  await ada.message('line 30').focus();
  await ada.page.keyboard.press('ArrowUp');
  await ada.page.keyboard.press('c');
  await expect.poll(() => copied(ada.page)).toBe(`${address}/29`);
  await expect(ada.composer).toHaveValue('');

  // A message that is not stored, or not any more, has none.
  await ada.say('mine');
  await ada.reads('mine');
  await ada.message('mine').focus();
  await ada.page.keyboard.press('Delete');
  await ada.page.getByTestId('confirm-delete').click();
  await ada.page.getByTestId('tombstone').hover();
  await expect(ada.page.getByTestId('message-actions')).toHaveCount(0);

  const ben = await enter('ben', { path: new URL(`${address}/12`).pathname });
  await expect(marked(ben)).toHaveText(/line 12$/);
  await expect(marked(ben)).toBeInViewport();
  await expect(ben.page.getByTestId('announcer')).toContainText('line 12');
  await ben.page.keyboard.press('Escape');
  await expect(marked(ben)).toHaveCount(0);
});

test('without a clipboard, as on plain HTTP, a link is copied all the same', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(['over there']);
  const withoutClipboard = (context) =>
    context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined }));
  const ada = await enter('ada', { prepare: withoutClipboard });
  await ada.message('over there').focus();
  await ada.page.keyboard.press('c');
  await expect(ada.page.getByTestId('toast')).toHaveText('Link copied.');
  await ada.composer.focus();
  await ada.page.keyboard.press('Control+v');
  await expect(ada.composer).toHaveValue(`${server.url}/c/${writer.channelId}/1`);
});

test('a link to an old message loads what is around it, and one goes on from there to both ends', async ({
  enter,
  server,
}) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 500));
  const ada = await enter('ada');
  await expect(ada.message('line 500')).toBeInViewport();
  const path = `/c/${writer.channelId}/200`;
  // The timeline stands already, elsewhere.
  await follow(ada.page, path);
  await expect(marked(ada)).toHaveText(/line 200$/);
  await expect(marked(ada)).toBeInViewport();
  await ada.page.reload();
  await expect(marked(ada)).toBeInViewport();

  const seen = new Set();
  const note = async () => (await ada.shown()).forEach((row) => seen.add(row.seq));
  await expect(async () => {
    await note();
    await scrollToEnd(ada.timeline);
    await expect(ada.message(/^.*line 500$/)).toBeInViewport({ timeout: 200 });
  }).toPass();
  await expect(async () => {
    await note();
    await ada.timeline.evaluate((scroller) => scroller.scrollTo({ top: 0, behavior: 'instant' }));
    await expect(ada.page.getByTestId('channel-start')).toBeInViewport({ timeout: 200 });
  }).toPass();
  await note();
  expect([...seen].sort((a, b) => a - b)).toEqual(lines(1, 500).map((_, n) => n + 1));
  await ada.page.getByTestId('to-end').click();
  await expect(ada.message('line 500')).toBeInViewport();
});

test('a link to a message that does not exist says so, and one to a channel that one may not see shows nothing of it', async ({
  enter,
  server,
}) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 30));
  const secret = await writer.does('channel:create', { name: 'Secret', type: 'private' });
  await writer.write(['not for you'], secret.id);
  const ada = await enter('ada', { path: `/c/${writer.channelId}/31` });
  await expect(ada.page.getByTestId('toast')).toHaveText('There is no such message in this channel.');
  await expect(ada.message('line 30')).toBeInViewport();
  await expect(marked(ada)).toHaveCount(0);

  await ada.page.goto(`${server.url}/c/${secret.id}/1`);
  await expect(ada.page.getByTestId('no-channel')).toBeVisible();
  await expect(ada.messages).toHaveCount(0);
});

test('a link to what was said while one was away leads there, once the line is back', async ({
  enter,
  layLine,
  server,
}) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 30));
  const line = await layLine();
  const ada = await enter('ada', { line });
  await expect(ada.message('line 30')).toBeInViewport();
  line.cut();
  await expect(ada.banner).toBeVisible();
  await writer.write(lines(31, 400));
  await follow(ada.page, `/c/${writer.channelId}/250`);
  await expect(ada.message('line 30')).toBeVisible();
  line.mend();
  await expect(marked(ada)).toHaveText(/line 250$/);
  await expect(marked(ada)).toBeInViewport();
  await expect(ada.page.getByTestId('toast')).toHaveCount(0);
});

const link = (person, address) => person.page.getByRole('link', { name: address, exact: true });
/** The page that is open must not be loaded anew, nor another one be opened. */
const stays = async ({ page }) => {
  await page.evaluate(() => (window.neverReloaded = true));
  return async () => {
    expect(await page.evaluate(() => window.neverReloaded)).toBe(true);
    expect(page.context().pages()).toHaveLength(1);
  };
};

/** Another channel, with a hundred lines. */
async function sideChannel(writer) {
  const side = await writer.does('channel:create', { name: 'Side' });
  await writer.write(lines(1, 100), side.id);
  return side;
}

test('a link to a message in a message is followed within the page, also to where one is', async ({
  enter,
  server,
}) => {
  const writer = await scribe(server);
  const side = await sideChannel(writer);
  const [near, far] = [`${server.url}/c/${writer.channelId}/1`, `${server.url}/c/${side.id}/7`];
  await writer.write([...lines(1, 60), near, `[there](${far}) and https://example.org/`]);
  const ada = await enter('ada');
  const stayed = await stays(ada);
  await ada.joinChannel('Side');
  await ada.goTo('General');
  for (let times = 0; times < 2; times += 1) {
    await scrollToEnd(ada.timeline);
    await expect(link(ada, near)).toBeInViewport();
    await link(ada, near).click();
    await expect(ada.message(/line 1$/)).toBeInViewport();
    await expect(marked(ada)).toHaveText(/line 1$/);
  }
  await scrollToEnd(ada.timeline);
  await link(ada, 'there').click();
  await ada.arrived('Side');
  await expect(marked(ada)).toHaveText(/line 7$/);
  await expect(marked(ada)).toBeInViewport();
  await ada.page.goBack();
  await ada.arrived('General');
  await stayed();
  await expect(link(ada, 'https://example.org/')).toHaveAttribute('target', '_blank');
});

test('a link into a channel that one may join offers that, and then leads to the message', async ({
  enter,
  server,
}) => {
  const writer = await scribe(server);
  const side = await sideChannel(writer);
  const address = `${server.url}/c/${side.id}/7`;
  await writer.write([address]);
  const ada = await enter('ada');
  const stayed = await stays(ada);
  await link(ada, address).click();
  await expect(ada.page.getByTestId('no-channel')).toContainText('You are not in this channel yet.');
  await ada.page.getByTestId('join-here').click();
  await ada.arrived('Side');
  await expect(marked(ada)).toHaveText(/line 7$/);
  await expect(marked(ada)).toBeInViewport();
  await stayed();
});

test('a link into a channel that is private to others says so, and nothing of it', async ({ enter, server }) => {
  const writer = await scribe(server);
  const secret = await writer.does('channel:create', { name: 'Secret plans', type: 'private' });
  await writer.write(['not for you'], secret.id);
  const address = `${server.url}/c/${secret.id}/1`;
  await writer.write([address]);
  const ada = await enter('ada');
  const stayed = await stays(ada);
  await link(ada, address).click();
  await expect(ada.page.getByTestId('no-channel')).toContainText('This channel doesn’t exist, or you are not in it.');
  await expect(ada.page.getByTestId('join-here')).toHaveCount(0);
  expect(await ada.page.content()).not.toMatch(/Secret plans|not for you/);
  await stayed();
});

test('a link to a message that was deleted leads to what is left of it, and says that', async ({ enter, server }) => {
  const writer = await scribe(server);
  await writer.write(lines(1, 100));
  await writer.does('message:delete', { channelId: writer.channelId, messageId: '7' });
  const address = `${server.url}/c/${writer.channelId}/7`;
  await writer.write([address]);
  const ada = await enter('ada');
  await link(ada, address).click();
  await expect(marked(ada).getByTestId('tombstone')).toBeInViewport();
  await expect(ada.page.getByTestId('announcer')).toContainText('This message was deleted.');
  await expect(ada.page.getByTestId('toast')).toHaveCount(0);
});
