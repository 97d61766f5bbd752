// The table of promises names tests that exist.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@playwright/test';

const folder = fileURLToPath(new URL('.', import.meta.url));

test('every test that the table of promises names exists', () => {
  const readme = readFileSync(`${folder}../README.md`, 'utf8');
  const named = [...readme.matchAll(/^\|.*\| `([^|]+)` \|$/gm)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(40);
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.spec.mjs'))
    .map((name) => readFileSync(folder + name, 'utf8'))
    .join('\n');
  // A name that is put together there (`… (${theme})`) is known by what it begins or ends with.
  const known = (name) =>
    sources.includes(`'${name}'`) ||
    /^(108 payloads in messages|every page is accessible|the first (click|key) opens)/.test(name);
  expect(named.filter((name) => !known(name))).toEqual([]);
});
