// Browsers that can only poll, and pages that have no business here.

import { createServer } from 'node:http';
import { once } from 'node:events';

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
