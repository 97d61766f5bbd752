// The world of a browser test: a server of its own, people who are signed in, and an eye on everything that a page
// complains of.

import { expect, test as base } from '@playwright/test';

import { signUp } from '../../harness/http.mjs';
import { Line } from '../../harness/line.mjs';
import { Server } from '../../harness/server.mjs';
import { Person } from './person.mjs';

export { expect };

/** A cut line shows in the console as this. Nothing else may stand there. */
const NETWORK = /^Failed to load resource: net::ERR_|WebSocket connection to .* failed|net::ERR_CONNECTION_REFUSED/;
/** The browser notes every refusal of what a person entered: a name that is taken, a wrong password. The page shows them. */
const REFUSAL = /^Failed to load resource: the server responded with a status of (400|401|403|409)/;
const ENTERED = /\/api\/(signup|login|password)$/;

export const test = base.extend({
  /** Settings of the server, beyond those of every test. */
  settings: [{ HEARTH_RATE_LIMITS: 'off' }, { option: true }],

  server: async ({ settings }, use, testInfo) => {
    const server = await Server.start({ env: settings });
    await use(server);
    if (testInfo.status !== testInfo.expectedStatus) await testInfo.attach('server.log', { body: server.log });
    await server.remove();
  },

  /** Lay a line to the server that can be cut; a person may be given one. */
  layLine: async ({ server }, use) => {
    const lines = [];
    await use(async (options) => {
      const line = await Line.to(server, options);
      lines.push(line);
      return line;
    });
    lines.forEach((line) => line.close());
  },

  /** Open a browser window of its own, watched for complaints. Returns its page. */
  window: async ({ browser, contextOptions }, use) => {
    const contexts = [];
    const complaints = [];
    await use(async ({ outages = false, mayBreak = false, prepare, ...options } = {}) => {
      const context = await browser.newContext({ ...contextOptions, ...options });
      contexts.push(context);
      await context.addInitScript(() =>
        document.addEventListener('securitypolicyviolation', (event) =>
          console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
        ),
      );
      await prepare?.(context);
      const page = await context.newPage();
      page.on('pageerror', (error) => mayBreak || complaints.push(`${error.stack ?? error}`));
      page.on('console', (message) => {
        if (!['error', 'warning'].includes(message.type())) return;
        const [text, { url }] = [message.text(), message.location()];
        if ((REFUSAL.test(text) && ENTERED.test(url)) || (outages && NETWORK.test(text))) return;
        complaints.push(`${text} (${url})`);
      });
      return page;
    });
    await Promise.all(contexts.map((context) => context.close()));
    expect(complaints, 'what the pages complained of').toEqual([]);
  },

  /** Let somebody sign up and open the page, signed in. */
  enter: async ({ server, window }, use) => {
    await use(async (username, { line, displayName = capitalised(username), path = '/', account, ...options } = {}) => {
      const url = line?.url ?? server.url;
      const who = account ?? (await signUp(server, username, { displayName }));
      const [name, value] = who.cookie.split('=');
      const page = await window({
        outages: Boolean(line),
        ...options,
        prepare: async (context) => {
          await context.addCookies([{ name, value, url, httpOnly: true, sameSite: 'Lax' }]);
          await options.prepare?.(context);
        },
      });
      const person = new Person(page, who);
      await page.goto(url + path);
      await person.arrived();
      return person;
    });
  },
});

const capitalised = (name) => name[0].toUpperCase() + name.slice(1);
