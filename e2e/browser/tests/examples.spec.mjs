// The pages of the library's examples, with the official client that they serve.

import { fileURLToPath } from 'node:url';

import { expect, test } from '@playwright/test';

import { start } from '../../socketio/lib/process.mjs';

const CLIENT_DIR = fileURLToPath(new URL('../../../web/node_modules/socket.io-client/dist', import.meta.url));

/** Two people, each with a page of the example. */
async function people(browser, name) {
  const server = await start(name, { CLIENT_DIR });
  const contexts = [await browser.newContext(), await browser.newContext()];
  const pages = await Promise.all(contexts.map((context) => context.newPage()));
  await Promise.all(pages.map((page) => page.goto(server.url)));
  const leave = async () => {
    await Promise.all(contexts.map((context) => context.close()));
    await server.stop();
  };
  return { pages, contexts, leave };
}

test('the lobby: names, who is there, what is said', async ({ browser }) => {
  const { pages, contexts, leave } = await people(browser, 'lobby');
  const [ada, bob] = pages;
  const enter = async (page, name) => {
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Enter' }).click();
  };
  await enter(ada, 'ab');
  await expect(ada.getByRole('alert')).toHaveText('Invalid name');
  await enter(ada, 'Ada');
  await expect(ada.locator('#count')).toHaveText('1');
  await enter(bob, 'Ada');
  await expect(bob.getByRole('alert')).toHaveText('Name already exists');
  await enter(bob, 'Bobby');
  await expect(ada.getByRole('log')).toContainText('Bobby joined room.');
  await expect(ada.locator('#count')).toHaveText('2');
  await expect(bob.getByRole('listitem')).toHaveText(['Ada', 'Bobby']);

  await ada.getByLabel('Say').fill('<b>hello</b>');
  await ada.getByRole('button', { name: 'Send' }).click();
  await expect(bob.getByRole('log')).toContainText('Ada: <b>hello</b>');
  await contexts[1].close();
  await expect(ada.getByRole('log')).toContainText('Bobby left room.');
  await expect(ada.locator('#count')).toHaveText('1');
  await leave();
});

test('rooms: who comes, who types, what is said, and what was said before', async ({ browser }) => {
  const { pages, contexts, leave } = await people(browser, 'rooms_chat');
  const [ada, bob] = pages;
  const join = async (page, name) => {
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Join' }).click();
    await expect(page.getByRole('heading', { name: 'general' })).toBeVisible();
  };
  await join(ada, 'Ada');
  await ada.getByLabel('Message').fill('first');
  await ada.getByRole('button', { name: 'Send' }).click();
  await expect(ada.getByLabel('Message')).toHaveValue('');
  await join(bob, 'Bob');
  await expect(bob.getByRole('log')).toContainText('Ada: first');
  await expect(ada.getByRole('log')).toContainText('Bob joined the room');
  await expect(ada.locator('#users')).toHaveText('Ada, Bob');

  // It is said for a moment only: looked for while he types.
  await Promise.all([
    expect(ada.getByRole('status')).toHaveText('Bob is typing…'),
    bob.getByLabel('Message').pressSequentially('<i>second</i>', { delay: 50 }),
  ]);
  await bob.getByLabel('Message').press('Enter');
  await expect(ada.getByRole('log')).toContainText('Bob: <i>second</i>');
  await expect(ada.getByRole('status')).toHaveText('');
  await contexts[1].close();
  await expect(ada.getByRole('log')).toContainText('Bob left the room');
  await leave();
});
