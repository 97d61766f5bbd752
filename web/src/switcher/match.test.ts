import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { match } from './match';

/** The texts that match, the best first. */
function ranked(query: string, texts: string[]): string[] {
  return texts
    .flatMap((text) => {
      const found = match(query, text);
      return found === null ? [] : [{ text, score: found.score }];
    })
    .toSorted((a, b) => b.score - a.score)
    .map(({ text }) => text);
}

describe('a query', () => {
  it('finds its letters in order, whatever stands between them', () => {
    expect(ranked('rlt', ['release-train', 'general', 'tiller'])).toEqual(['release-train']);
  });

  it('prefers the beginning, then words, then letters that stand together', () => {
    expect(ranked('rel', ['barrel', 'real', 'late-release', 'release'])).toEqual([
      'release',
      'late-release',
      'real',
      'barrel',
    ]);
    expect(ranked('tr', ['stirrup', 'release-train'])).toEqual(['release-train', 'stirrup']);
  });

  it('cares neither for case nor for accents nor for spaces', () => {
    expect(match('ZOE m', 'Zoë Müller')?.at).toEqual([0, 1, 2, 4]);
    expect(match('café', 'Cafe')).not.toBeNull();
  });

  it('of two equal finds prefers the shorter text', () => {
    expect(ranked('rust', ['rust-jobs', 'rust'])).toEqual(['rust', 'rust-jobs']);
  });

  it('that is empty matches everything and marks nothing', () => {
    expect(match(' ', 'anything')).toMatchObject({ at: [] });
  });
});

it('marks, for any query and text, exactly letters of the query in ascending places', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-', ' '), maxLength: 20 });
  fc.assert(
    fc.property(letters, letters, (query, text) => {
      const found = match(query, text);
      const wanted = [...query].filter((letter) => letter !== ' ');
      const subsequence = new RegExp(wanted.map((letter) => `${letter}[^]*`).join('')).test(text);
      expect(found !== null).toBe(subsequence);
      if (found === null) return;
      expect(found.at.map((at) => [...text][at])).toEqual(wanted);
      expect(found.at).toEqual([...new Set(found.at)].toSorted((a, b) => a - b));
    }),
  );
});
