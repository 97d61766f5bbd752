import { describe, expect, it } from 'vitest';

import { intentOf } from './composer-keys';

function press(key: string, also: Partial<KeyboardEvent> = {}): ReturnType<typeof intentOf> {
  return intentOf({
    key,
    keyCode: 0,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    isComposing: false,
    ...also,
  });
}

describe('Enter', () => {
  it('sends', () => expect(press('Enter')).toBe('send'));
  it('breaks the line with Shift', () => expect(press('Enter', { shiftKey: true })).toBeNull());
  it('belongs to the input method while it composes', () => {
    expect(press('Enter', { isComposing: true })).toBeNull();
    expect(press('Enter', { keyCode: 229 })).toBeNull();
  });
});

describe('formatting', () => {
  it.each([
    ['b', { ctrlKey: true }, 'bold'],
    ['i', { metaKey: true }, 'italic'],
    ['X', { ctrlKey: true, shiftKey: true }, 'strike'],
    ['C', { ctrlKey: true, shiftKey: true }, 'code'],
  ] as const)('%s %j', (key, also, mark) => expect(press(key, also)).toBe(mark));

  it('leaves every other key alone', () => {
    expect(press('b')).toBeNull();
    expect(press('c', { ctrlKey: true })).toBeNull();
    expect(press('x', { ctrlKey: true })).toBeNull();
    // AltGr writes characters on many keyboards and looks like Ctrl+Alt.
    expect(press('b', { ctrlKey: true, altKey: true })).toBeNull();
  });
});
