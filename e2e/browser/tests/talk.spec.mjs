// Two people talk: in General, in a channel of their own, and directly.

import { command } from '../../harness/command.mjs';
import { expectRead } from '../lib/scribe.mjs';
import { expect, test } from '../lib/test.mjs';

test('in General, both ways', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await expect(ada.composer).toBeFocused();
  await ada.say('Hello, is anybody here?');
  await ben.reads('Hello, is anybody here?');
  await ben.say('I am, **really**');
  await ada.reads('I am, really');
  await expect(ada.message('I am').locator('strong')).toHaveText('really');
  expect(await ada.shown()).toEqual(await ben.shown());
});

test('a message stays the same element from pending to sent', async ({ enter }) => {
  const ada = await enter('ada');
  await ada.page.evaluate(() => {
    window.states = [];
    const elements = [];
    const note = (row) => {
      if (!elements.includes(row)) elements.push(row);
      window.states.push({ element: elements.indexOf(row), state: row.dataset.state });
    };
    new MutationObserver((changes) => {
      for (const change of changes) {
        if (change.type === 'attributes') note(change.target);
        for (const node of change.addedNodes) {
          const row =
            node instanceof Element &&
            (node.matches('[data-testid=message]') ? node : node.querySelector('[data-testid=message]'));
          if (row) note(row);
        }
      }
    }).observe(document.body, { subtree: true, childList: true, attributeFilter: ['data-state'] });
  });
  await ada.say('watch me');
  await ada.reads('watch me');
  expect(await ada.page.evaluate(() => window.states)).toEqual([
    { element: 0, state: 'pending' },
    { element: 0, state: 'sent' },
  ]);
});

test('in a new channel that the other one finds', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.createChannel('Reading room', 'Books, mostly');
  await ada.say('First line');
  await ben.joinChannel('Reading room');
  await ben.reads('First line');
  await ben.say('Second line');
  await ada.reads('Second line');
});

test('directly: the other one sees the conversation appear', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.reach('Ben');
  await ada.say('Just between us');
  await expect(ben.entry(/Ada/)).toBeVisible();
  await ben.hasUnread(/Ada/, 1);
  await ben.goTo(/Ada/);
  await ben.reads('Just between us');
  await ben.say('Understood');
  await ada.reads('Understood');
});

test('directly: who was away finds the conversation on coming back', async ({ enter, server }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  const { account } = ben;
  await ben.page.close();
  await ada.reach('Ben');
  await ada.say('When you are back');
  await ada.reads('When you are back');
  const back = await enter('ben', { account });
  await back.hasUnread(/Ada/, 1);
  await back.goTo(/Ada/);
  await back.reads('When you are back');
  expect(server.log).not.toMatch(/panicked/);
});

test('what is unread is marked, and reading it on one device clears it on the other', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.createChannel('Aside');
  await ben.joinChannel('Aside');
  await ben.goTo('General');
  await ada.say('Look here');
  await ben.hasUnread('Aside', 1);
  const phone = await enter('ben', { account: ben.account });
  await phone.hasUnread('Aside', 1);
  await ben.looks();
  await ben.goTo('Aside');
  await ben.reads('Look here');
  await ben.hasUnread('Aside', 0);
  // One second is the promise; a test waits ten times that.
  await expect(phone.entry('Aside')).toHaveAttribute('data-unread', '0', { timeout: 10_000 });
});

test('somebody who types is seen to type, and somebody who is here to be here', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ben.reach('Ada');
  await expect(ada.entry(/Ben/)).toBeVisible();
  await ada.goTo(/Ben/);
  await expect(ada.page.getByTestId('rail').getByTestId('presence').first()).toHaveAttribute('data-online', 'true');
  await ben.composer.pressSequentially('thinking');
  await expect(ada.typing).toContainText('Ben is typing');
  await expect(ada.typing).not.toContainText('Ben is typing');
});

test('a message is read once it was looked at for half a second, not before and not unseen', async ({
  enter,
  server,
}) => {
  const ada = await enter('ada');
  const ben = await enter('ben', { prepare: (context) => context.clock.install() });
  const { clock } = ben.page;
  const looks = (does) =>
    ben.page.evaluate((focused) => {
      document.hasFocus = () => focused;
      dispatchEvent(new Event(focused ? 'focus' : 'blur'));
    }, does);
  await looks(false);
  await clock.pauseAt((await ben.page.evaluate(() => Date.now())) + 1_000);
  await ada.say('Look here');
  await ben.reads('Look here');
  await clock.runFor(5_000);
  await ben.hasUnread('General', 1);
  await looks(true);
  await clock.runFor(450);
  await ben.hasUnread('General', 1);
  // A glance is not remembered.
  await looks(false);
  await clock.runFor(5_000);
  await looks(true);
  await clock.runFor(450);
  await ben.hasUnread('General', 1);
  const [general] = await command(server, ben.account.cookie, 'channel:list', {});
  expect(general.readUpTo).toBe(0);
  await clock.runFor(100);
  await ben.hasUnread('General', 0);
  await expectRead(server, ben, 1);
});

test('a text that is far too long stays, says by how much, and is not sent', async ({ enter }) => {
  const ada = await enter('ada', { permissions: ['clipboard-read', 'clipboard-write'] });
  const text = 'a line of a log\n'.repeat(6_400);
  await ada.page.evaluate((pasted) => navigator.clipboard.writeText(pasted), text);
  await ada.composer.press('Control+v');
  await expect(ada.composer).toHaveAttribute('aria-invalid', 'true');
  await expect(ada.page.locator('#composer-count')).toHaveText(`${text.trim().length - 5_000} characters too many`);
  await ada.composer.press('Enter');
  await expect(ada.composer).toHaveValue(text);
  await expect(ada.messages).toHaveCount(0);
  await ada.reload();
  await expect(ada.composer).toHaveValue(text);
});
