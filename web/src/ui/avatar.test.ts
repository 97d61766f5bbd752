import { describe, expect, it } from 'vitest';

import { initialsOf, toneOf } from './avatar';

describe('initials', () => {
  it.each([
    ['Kirsten Holm', 'KH'],
    ['ana', 'AN'],
    ['Juan Carlos de la Vega', 'JV'],
    ['deploy-bot', 'DB'],
    ['x', 'X'],
    ['田中 さくら', '田さ'],
    ['😀', '😀'],
    ['', '?'],
  ])('%s: %s', (name, initials) => expect(initialsOf(name)).toBe(initials));
});

describe('the tone', () => {
  it('is always the same for a user, and uses all eight', () => {
    const tones = Array.from({ length: 200 }, (_, i) =>
      toneOf(`01980000-0000-7000-8000-${String(i).padStart(12, '0')}`),
    );
    expect(new Set(tones)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
    expect(toneOf('a')).toBe(toneOf('a'));
  });
});
