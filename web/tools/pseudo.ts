const PLAIN = 'aceginosuyzACEGINOSUYZ';
const ACCENTED = 'áçéĝíñóšúýžÁÇÉĜÍÑÓŠÚÝŽ';
const BY_LETTER = new Map([...PLAIN].map((letter, at) => [letter, [...ACCENTED][at] ?? letter]));

/**
 * A text as a made-up language would have it: in brackets, with accents, and longer by a third, as many languages are.
 * Placeholders, and the bar between the forms of a plural, stay what they are.
 */
export function accented(text: string): string {
  return text
    .split(' | ')
    .map((form) => {
      const letters = form.replace(/\{[^}]*\}|./gsu, (part) => BY_LETTER.get(part) ?? part);
      return `⟦${letters}${'·'.repeat(Math.ceil(form.length / 3))}⟧`;
    })
    .join(' | ');
}
