// The README's pictures: the demo, `hearth seed --demo`, and a talk that goes on from there. The people are made up.

import { fileURLToPath } from 'node:url';

import { request, sessionCookie } from '../../harness/http.mjs';
import { expect, test } from '../lib/test.mjs';

const folder = new URL('../../../docs/screenshots/', import.meta.url);
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const DESKTOP = { viewport: { width: 1280, height: 832 } };

const TALK = [
  ['ada', 'Morning! The **harbour walk** is on for Saturday, 10:00 at the old crane.'],
  ['ada', 'Bring something warm, the wind comes from the north.'],
  ['bo', 'I’ll be there. Who takes the soup?'],
  ['cleo', 'Me. Same recipe as last time:\n\n- leeks\n- potatoes\n- *far* too much pepper'],
  ['bo', '> far too much pepper\n\nExactly right.'],
  ['dov', 'The tide table says:\n\n```\nhigh  07:42  3.1 m\nlow   13:58  0.6 m\n```'],
  ['ada', 'So we can go out to the point and be back before it turns.'],
  ['cleo', 'And if it rains, we meet at the boathouse: https://example.org/boathouse'],
];

async function picture(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.mouse.move(0, 0);
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, folder)), animations: 'disabled', caret: 'hide' });
}

/** Fill the server with the demo. Returns a way to sign one of its people in, by the first of their names. */
async function demo(server) {
  await server.stop();
  const said = await server.operate('seed', '--demo');
  await server.run();
  return async (first) => {
    const [, username, password] = new RegExp(`^(${first}\\S*) +(\\S+)`, 'm').exec(said);
    const answer = await request(server, 'POST', '/api/login', { body: { username, password } });
    return { ...answer.body, cookie: sessionCookie(answer) };
  };
}

test('pictures', async ({ enter, server }) => {
  test.slow();
  const signIn = await demo(server);
  const comes = async (first) => enter(first, { account: await signIn(first), ...DESKTOP });
  const people = { ada: await comes('ada'), bo: await comes('bo'), cleo: await comes('cleo'), dov: await comes('dov') };
  const { ada, bo, cleo, dov } = people;
  for (const person of Object.values(people)) await person.goTo('trips');

  for (const [who, text] of TALK) {
    await people[who].say(text);
    await expect(ada.messages.last()).toHaveAttribute('data-state', 'sent');
  }
  await expect(ada.messages.last()).toContainText(TALK.at(-1)[1]);
  await bo.reach('Ada Lantern');
  await bo.say('Do you still have my lantern?');
  await cleo.reach('Ada Lantern');
  await cleo.say('Thank you for yesterday!');
  await cleo.goTo('kitchen');
  await cleo.say('Leek soup, for those who asked.');
  await ada.hasUnread('kitchen', 1);
  await ada.hasUnread('Bo Kettle', 1);
  await dov.composer.pressSequentially('I could');
  await expect(ada.typing).toContainText('Dov');

  await picture(ada.page, 'chat-light');
  await ada.page.emulateMedia({ colorScheme: 'dark' });
  await expect(ada.page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await picture(ada.page, 'chat-dark');

  const { account } = ada;
  const path = new URL(ada.page.url()).pathname;
  const phone = await enter('ada', { account, path, ...PHONE, colorScheme: 'light' });
  await expect(phone.messages.last()).toContainText(TALK.at(-1)[1]);
  await picture(phone.page, 'phone-chat');
  await phone.back();
  await expect(phone.entry('kitchen')).toBeVisible();
  await picture(phone.page, 'phone-list');
});
