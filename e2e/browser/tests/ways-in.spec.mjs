// Browsers that can only poll, and pages that have no business here.

import { createServer } from 'node:http';
import { once } from 'node:events';

import { PASSWORD, signUp } from '../../harness/http.mjs';
import { Person } from '../lib/person.mjs';
import { expect, test } from '../lib/test.mjs';

async function talks(ada, ben) {
  await ada.say('from a narrow place');
  await ben.reads('from a narrow place');
  await ben.say('and back');
  await ada.reads('and back');
}

test('a browser without WebSocket talks over polling', async ({ enter }) => {
  const ada = await enter('ada', { prepare: (context) => context.addInitScript(() => delete window.WebSocket) });
  const ben = await enter('ben');
  await talks(ada, ben);
});

test('a network that refuses WebSockets is polled through', async ({ enter, layLine }) => {
  const line = await layLine({ webSockets: false });
  const ada = await enter('ada', { line });
  const sockets = [];
  ada.page.on('websocket', (socket) => sockets.push(socket));
  const ben = await enter('ben');
  await talks(ada, ben);
  expect(sockets.filter((socket) => !socket.isClosed())).toEqual([]);
});

/** A browser that finds this server at an address and by a name from elsewhere: localhost is trusted as TLS is. */
async function fromElsewhere({ playwright, launchOptions, server }, visit) {
  const rules = ['203.0.113.7', 'hearth.test'].map((host) => `MAP ${host} 127.0.0.1`).join(',');
  const args = [...launchOptions.args, `--host-resolver-rules=${rules}`];
  const browser = await playwright.chromium.launch({ ...launchOptions, args });
  try {
    const context = await browser.newContext();
    const errors = [];
    context.on('weberror', (error) => errors.push(String(error.error())));
    await visit(context, (host) => `http://${host}:${server.port}`);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
}

async function fillIn(page) {
  await page.getByTestId('username').fill('ada');
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('submit').click();
}

test('on plain HTTP, where a browser has no locks, two tabs say each thing once', async ({
  playwright,
  launchOptions,
  server,
}) => {
  await fromElsewhere({ playwright, launchOptions, server }, async (context, at) => {
    const page = await context.newPage();
    await page.goto(at('203.0.113.7'));
    const given = () => [isSecureContext, 'locks' in navigator, 'randomUUID' in crypto, 'clipboard' in navigator];
    expect(await page.evaluate(given)).toEqual([false, false, false, false]);
    await fillIn(page);
    const tabs = [new Person(page), new Person(await context.newPage())];
    await tabs[0].arrived('General');
    await tabs[1].page.goto(page.url());
    await tabs[1].arrived('General');
    await server.kill();
    for (const [n, tab] of tabs.entries()) for (const word of ['one', 'two']) await tab.say(`${word} of ${n}`);
    await server.run();
    const wanted = ['one of 0', 'two of 0', 'one of 1', 'two of 1'];
    const [here, there] = [await tabs[0].showsExactly(wanted), await tabs[1].showsExactly(wanted)];
    expect(here).toEqual(there);
    await tabs[0].reload();
    expect(await tabs[0].showsExactly(wanted)).toEqual(here);
  });
});

test('at an address that is not the server’s own, the page says so instead of guessing', async ({
  playwright,
  launchOptions,
  server,
}) => {
  const said = 'The server takes nothing from a page at this address. Ask whoever runs it for the right one.';
  await fromElsewhere({ playwright, launchOptions, server }, async (context, at) => {
    const page = await context.newPage();
    await page.goto(at('hearth.test'));
    await expect(page.getByTestId('signup-form')).toBeVisible();
    await fillIn(page);
    await expect(page.getByRole('alert')).toHaveText(said);
    await expect(page.getByTestId('setupCode')).toHaveCount(0);
    await signUp(server, 'ada');
    await page.goto(at('hearth.test'));
    await expect(page.getByTestId('signin-form')).toBeVisible();
    await fillIn(page);
    await expect(page.getByRole('alert')).toHaveText(said);
  });
});

test('a page of another origin gets nothing, although the browser sends the cookie along', async ({
  enter,
  server,
  window,
}) => {
  const ada = await enter('ada');
  await ada.say('a secret');
  const foreign = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<title>elsewhere</title>'),
  );
  foreign.listen(0, '127.0.0.1');
  await once(foreign, 'listening');
  try {
    const page = await window({
      outages: true,
      storageState: await ada.page.context().storageState(),
    });
    page.removeAllListeners('console');
    await page.goto(`http://127.0.0.1:${foreign.address().port}/`);
    const got = await page.evaluate(async (url) => {
      const attempt = (path, options) =>
        fetch(url + path, { credentials: 'include', ...options }).then(
          async (answer) => ({ type: answer.type, text: await answer.text() }),
          () => 'refused',
        );
      const socket = new Promise((resolve) => {
        const opened = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
        opened.onmessage = (event) => resolve(event.data);
        opened.onerror = () => resolve('refused');
      });
      return {
        self: await attempt('/api/self'),
        polling: await attempt('/socket.io/?EIO=4&transport=polling'),
        opaque: (await attempt('/api/self', { mode: 'no-cors' })).text,
        logout: await attempt('/api/logout', { method: 'POST', mode: 'no-cors' }).then(() => 'sent'),
        socket: await socket,
      };
    }, server.url);
    expect(got).toEqual({ self: 'refused', polling: 'refused', opaque: '', logout: 'sent', socket: 'refused' });
  } finally {
    foreign.close();
  }
  await ada.reload();
  await ada.reads('a secret');
});
