import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { accented } from '../../tools/pseudo';
import { languageOf } from '.';

type Texts = { [key: string]: string | Texts };

const folder = join(import.meta.dirname, '.');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (file: string): Texts => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Texts;

function flat(texts: Texts, path = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[path + key, value]] : flat(value, `${path}${key}.`),
  );
}
const placeholders = (form: string): string[] => [...form.matchAll(/\{\w+\}/g)].map(([name]) => name).toSorted();

const english = new Map(flat(read('en.json')));

describe.each(files.filter((file) => file !== 'en.json'))('%s', (file) => {
  const texts = new Map(flat(read(file)));

  it('has the texts that English has, and no others', () => {
    expect([...texts.keys()].toSorted()).toEqual([...english.keys()].toSorted());
  });

  it.each([...texts])('%s has the same forms and placeholders', (key, text) => {
    const [forms, original] = [text.split(' | '), (english.get(key) ?? '').split(' | ')];
    expect(forms.map(placeholders)).toEqual(original.map(placeholders));
    expect(text.trim()).not.toBe('');
  });
});

/** Every key that the sources name in quotes, so that none is misspelt and none is left behind. */
describe('the sources', () => {
  const root = join(folder, '..');
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:vue|ts)$/.test(name) && !/\.test\.ts$|generated\.ts$/.test(name))
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');
  /** Keys that are put together there: `settings.${section}`. */
  const made = [...sources.matchAll(/`(\w+)\.\$\{/g)].map(([, group]) => `${group}.`);

  it('use every text', () => {
    const unused = [...english.keys()].filter(
      (key) =>
        !sources.includes(`'${key}'`) && !sources.includes(`"${key}"`) && !made.some((one) => key.startsWith(one)),
    );
    expect(unused).toEqual([]);
  });

  it('use no text that is missing', () => {
    const asked = [...sources.matchAll(/(?:\$t|\bt|\btranslate)\(([^()]*)/g)].map(([, inside]) => inside);
    const used = asked.flatMap((inside) => [...(inside ?? '').matchAll(/'(\w+\.\w+)'/g)].map(([, key]) => key));
    expect(used.length).toBeGreaterThan(50);
    expect(used.filter((key) => key !== undefined && !english.has(key))).toEqual([]);
  });
});

it('the first language of the browser that the page has is taken', () => {
  expect(languageOf(['fr-CA', 'de-AT', 'en'])).toBe('de');
  expect(languageOf(['fr'])).toBe('en');
});

it('the made-up language keeps placeholders and forms', () => {
  expect(accented('One | {n} messages')).toBe('⟦Óñé·⟧ | ⟦{n} méššáĝéš····⟧');
});
