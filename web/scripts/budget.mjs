// Weighs what `vite build` made against the budget of the client: what a first visit loads must stay small.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const KIB = 1024;
const dist = process.argv[2] ?? fileURLToPath(new URL('../dist', import.meta.url));
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const assets = readdirSync(join(dist, 'assets'));

/** What the page itself names: its entry script, what that preloads, and its style sheets. */
const named = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
const brotli = (path) =>
  brotliCompressSync(readFileSync(join(dist, path)), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
const sum = (paths, size) => paths.reduce((total, path) => total + size(path), 0);

const rows = [
  [
    'entry JS',
    160,
    sum(
      named.filter((path) => path.endsWith('.js')),
      brotli,
    ),
  ],
  [
    'CSS',
    15,
    sum(
      assets.filter((name) => name.endsWith('.css')).map((name) => `assets/${name}`),
      brotli,
    ),
  ],
  [
    'fonts',
    130,
    sum(
      assets.filter((name) => /\.woff2?$/.test(name)),
      (name) => readFileSync(join(dist, 'assets', name)).length,
    ),
  ],
];

let over = false;
for (const [what, limit, bytes] of rows) {
  const size = bytes / KIB;
  over ||= size > limit;
  console.log(`${size > limit ? 'OVER ' : 'ok   '} ${what}: ${size.toFixed(1)} of ${limit} KiB`);
}
if (/<style|style="|<script(?![^>]*\bsrc=)/.test(html)) {
  console.error('index.html holds an inline style or script, which the content security policy refuses.');
  over = true;
}
process.exit(over ? 1 : 0);
