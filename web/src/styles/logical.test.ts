import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
/** Left and right by name, and four values of which the second and the fourth are left and right. */
const PHYSICAL = /^\s*(?:[\w-]+-)?(?:left|right)(?:-[\w-]+)?:|:\s*(?:left|right)\s*;|^\s*float:/;
const FOUR = /^\s*(?:margin|padding|inset|border-width):\s*(\S+) (\S+) (\S+) (\S+);/;

const isPhysical = (line: string): boolean => {
  const four = FOUR.exec(line.replaceAll(/\((?:[^()]|\([^()]*\))*\)/g, (inner) => inner.replaceAll(' ', '')));
  return PHYSICAL.test(line) || (four !== null && four[2] !== four[4]);
};

/** Style sheets, and the style blocks of components, by file. */
const sheets = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(?:vue|css)$/.test(name))
  .map((name) => [name, readFileSync(join(root, name), 'utf8')] as const)
  .map(([name, text]) => [name, name.endsWith('.css') ? text : (/<style[^>]*>[^]*/.exec(text)?.[0] ?? '')] as const);

test('style sheets know no left and right, so that the page can be turned', () => {
  expect(sheets.length).toBeGreaterThan(30);
  const found = sheets.flatMap(([name, text]) =>
    text
      .split('\n')
      .filter(isPhysical)
      .map((line) => `${name}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});

test.each([
  'margin-left: 1px;',
  'left: 0;',
  'text-align: right;',
  'padding: 0 1px 2px 3px;',
  'border-left-color: red;',
])('“%s” would be found', (line) => expect(isPhysical(`    ${line}`)).toBe(true));
test.each(['padding: 0 1px 2px 1px;', 'margin: 0 calc(1px + 2px) 1px calc(1px + 2px);', 'inset-inline-start: 0;'])(
  '“%s” is fine',
  (line) => expect(isPhysical(`    ${line}`)).toBe(false),
);
