// The README's pictures. The people are made up.

import { fileURLToPath } from 'node:url';

import { expect, test } from '../lib/test.mjs';

const folder = new URL('../../../docs/screenshots/', import.meta.url);
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const DESKTOP = { viewport: { width: 1280, height: 832 } };

const TALK = [
  ['mira', 'Morning! The **harbour walk** is on for Saturday, 10:00 at the old crane.'],
  ['mira', 'Bring something warm, the wind comes from the north.'],
  ['tomasz', 'I’ll be there. Who takes the soup?'],
  ['june', 'Me. Same recipe as last time:\n\n- leeks\n- potatoes\n- *far* too much pepper'],
  ['tomasz', '> far too much pepper\n\nExactly right.'],
  ['oskar', 'The tide table says:\n\n```\nhigh  07:42  3.1 m\nlow   13:58  0.6 m\n```'],
  ['mira', 'So we can go out to the point and be back before it turns.'],
  ['june', 'And if it rains, we meet at the boathouse: https://example.org/boathouse'],
];

async function picture(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.mouse.move(0, 0);
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, folder)), animations: 'disabled', caret: 'hide' });
}

test('pictures', async ({ enter }) => {
  const people = {
    mira: await enter('mira', { displayName: 'Mira Holt', ...DESKTOP }),
    tomasz: await enter('tomasz', { displayName: 'Tomasz Wilk', ...DESKTOP }),
    june: await enter('june', { displayName: 'June Adeyemi', ...DESKTOP }),
    oskar: await enter('oskar', { displayName: 'Oskar Lind', ...DESKTOP }),
  };
  const { mira, ...others } = people;
  await mira.createChannel('harbour-walks', 'Saturdays, whatever the weather');
  for (const other of Object.values(others)) await other.joinChannel('harbour-walks');
  await people.oskar.createChannel('boat-repairs', 'Glue, planks, patience');
  await people.june.createChannel('recipes');
  for (const name of ['boat-repairs', 'recipes']) await mira.joinChannel(name);
  await mira.goTo('harbour-walks');
  await people.oskar.goTo('harbour-walks');
  await people.june.goTo('harbour-walks');

  for (const [who, text] of TALK) {
    await people[who].say(text);
    await expect(mira.messages.last()).toHaveAttribute('data-state', 'sent');
  }
  await expect(mira.messages).toHaveCount(TALK.length);
  await people.tomasz.reach('Mira Holt');
  await people.tomasz.say('Do you still have my lantern?');
  await people.june.reach('Mira Holt');
  await people.june.say('Thank you for yesterday!');
  await people.june.goTo('recipes');
  await people.june.say('Leek soup, for those who asked.');
  await mira.hasUnread('recipes', 1);
  await people.oskar.composer.pressSequentially('I could');
  await expect(mira.typing).toContainText('Oskar');

  await picture(mira.page, 'chat-light');
  await mira.page.emulateMedia({ colorScheme: 'dark' });
  await expect(mira.page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await picture(mira.page, 'chat-dark');

  const { account } = mira;
  const path = new URL(mira.page.url()).pathname;
  const phone = await enter('mira', { account, path, ...PHONE, colorScheme: 'light' });
  await expect(phone.messages).toHaveCount(TALK.length);
  await picture(phone.page, 'phone-chat');
  await phone.back();
  await expect(phone.entry('recipes')).toBeVisible();
  await picture(phone.page, 'phone-list');
});
