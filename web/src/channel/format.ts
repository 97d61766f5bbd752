/** The marks that the buttons and shortcuts of the composer put around what is selected. */
export const MARKS = { bold: '**', italic: '*', strike: '~~', code: '`' } as const;
export type Mark = keyof typeof MARKS;

export interface Edit {
  /** What is replaced: from, to (exclusive). */
  from: number;
  to: number;
  text: string;
  /** What is selected afterwards. */
  selectFrom: number;
  selectTo: number;
}

/** Puts a mark around the selection, or takes it away where it already stands. */
export function toggleMark(value: string, from: number, to: number, mark: Mark): Edit {
  const sign = MARKS[mark];
  const inner = value.slice(from, to);
  if (stands(value.slice(0, from), value.slice(to), sign)) {
    return {
      from: from - sign.length,
      to: to + sign.length,
      text: inner,
      selectFrom: from - sign.length,
      selectTo: to - sign.length,
    };
  }
  return {
    from,
    to,
    text: sign + inner + sign,
    selectFrom: from + sign.length,
    selectTo: to + sign.length,
  };
}

function stands(before: string, after: string, sign: string): boolean {
  if (!before.endsWith(sign) || !after.startsWith(sign)) return false;
  // `**bold**` does not stand in single asterisks, `***both***` does.
  const length = /\**$/.exec(before)?.[0].length ?? 0;
  return sign !== '*' || length % 2 === 1;
}
