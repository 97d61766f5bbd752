import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { defineConfig } from '@playwright/test';

/** The browser of the system: `$CHROMIUM`, then PATH. None is downloaded. */
function chromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!found) throw new Error('no Chromium on PATH: install it, or set CHROMIUM to its path');
  return found;
}

const isRoot = process.getuid?.() === 0;

export default defineConfig({
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    locale: 'en-GB',
    timezoneId: 'UTC',
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium(),
      args: [
        ...(isRoot ? ['--no-sandbox'] : []),
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
  projects: [
    { name: 'chromium', testDir: 'tests', testMatch: '*.spec.mjs' },
    { name: 'screenshots', testDir: 'screenshots', testMatch: '*.spec.mjs' },
  ],
});
