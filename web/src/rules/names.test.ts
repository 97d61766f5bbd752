import { describe, expect, it } from 'vitest';

import { channelNameProblem, lengthOf, passwordProblem, usernameProblem } from './names';

const rule = (problem: { rule: string } | null): string | null => problem?.rule ?? null;

describe('usernames', () => {
  it.each(['ab', 'ana.lima', 'a_b-c.1', 'Łukasz', '田中', 'x'.repeat(32)])('%s is fine', (name) => {
    expect(usernameProblem(name)).toBeNull();
  });
  it.each([
    ['a', 'tooShort'],
    ['', 'tooShort'],
    ['x'.repeat(33), 'tooLong'],
    ['a b', 'usernameCharacters'],
    ['a@b', 'usernameCharacters'],
    ['a\u200bb', 'usernameCharacters'],
    ['a\u202eb', 'usernameCharacters'],
    ['😀😀', 'usernameCharacters'],
  ])('%j is not: %s', (name, expected) => {
    expect(rule(usernameProblem(name))).toBe(expected);
  });
});

describe('names of channels', () => {
  it.each(['rust', 'release train', 'v2.4', 'été 2026', 'ｒｕｓｔ', 'a\u00a0b'])('%s is fine', (name) => {
    expect(channelNameProblem(name)).toBeNull();
  });
  it.each([
    [' rust', 'innerSpaces'],
    ['rust ', 'innerSpaces'],
    ['a  b', 'innerSpaces'],
    ['what?', 'channelCharacters'],
    ['#rust', 'channelCharacters'],
    ['r', 'tooShort'],
  ])('%j is not: %s', (name, expected) => {
    expect(rule(channelNameProblem(name))).toBe(expected);
  });
});

it('counts passwords and texts in Unicode scalar values', () => {
  expect(rule(passwordProblem('1234567'))).toBe('tooShort');
  expect(passwordProblem('😀'.repeat(8))).toBeNull();
  expect(passwordProblem('😀'.repeat(128))).toBeNull();
  expect(rule(passwordProblem('😀'.repeat(129)))).toBe('tooLong');
  expect(lengthOf('a😀é')).toBe(3);
});
