import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MARKS, toggleMark, type Mark } from './format';

/** Text with its selection in brackets. */
function toggle(marked: string, mark: Mark): string {
  const from = marked.indexOf('[');
  const to = marked.indexOf(']') - 1;
  const value = marked.replace('[', '').replace(']', '');
  const edit = toggleMark(value, from, to, mark);
  const after = value.slice(0, edit.from) + edit.text + value.slice(edit.to);
  return `${after.slice(0, edit.selectFrom)}[${after.slice(edit.selectFrom, edit.selectTo)}]${after.slice(edit.selectTo)}`;
}

describe('a mark', () => {
  it('goes around the selection', () => expect(toggle('a [b] c', 'bold')).toBe('a **[b]** c'));
  it('leaves the caret between its halves', () => expect(toggle('a []', 'code')).toBe('a `[]`'));
  it('goes away again', () => expect(toggle('a **[b]** c', 'bold')).toBe('a [b] c'));
  it('tells italic from bold', () => {
    expect(toggle('**[b]**', 'italic')).toBe('***[b]***');
    expect(toggle('***[b]***', 'italic')).toBe('**[b]**');
    expect(toggle('*[b]*', 'italic')).toBe('[b]');
  });
});

it('twice changes nothing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(MARKS) as Mark[])),
      fc.string().filter((s) => !/[[\]*~`]/.test(s)),
      (mark, text) => {
        expect(toggle(toggle(`[${text}]`, mark), mark)).toBe(`[${text}]`);
      },
    ),
  );
});
