import { startOfDay } from '../app/clock';
import type { Row } from '../timeline/row';

/** One line of what is drawn. */
export type Item =
  | { kind: 'day'; key: string; day: number }
  | { kind: 'new'; key: 'new' }
  | { kind: 'message'; key: string; row: Row; lead: boolean };

const GROUP_MS = 5 * 60 * 1000;

interface Shown {
  rows: readonly Row[];
  /** The divider stands before the first row of others above this `seq`; null: no divider. */
  dividerAfter: number | null;
  atStart: boolean;
}

/**
 * Puts days, the divider "New" and the heads of groups between the rows. A row leads (has a face and a name) unless it
 * follows, within five minutes and on the same day, another one by the same author.
 */
export function layOut(shown: Shown, selfId: string): Item[] {
  const items: Item[] = [];
  const divider = dividerRow(shown, selfId);
  let previous: Row | null = null;

  for (const row of shown.rows) {
    const day = startOfDay(row.createdAt);
    const newDay = previous === null || startOfDay(previous.createdAt) !== day;
    if (newDay) items.push({ kind: 'day', key: `day-${row.key}`, day });
    if (row === divider) items.push({ kind: 'new', key: 'new' });
    items.push({ kind: 'message', key: row.key, row, lead: newDay || row === divider || !continues(previous, row) });
    previous = row;
  }
  return items;
}

function continues(previous: Row | null, row: Row): boolean {
  return previous !== null && previous.from === row.from && row.createdAt - previous.createdAt < GROUP_MS;
}

function dividerRow({ rows, dividerAfter, atStart }: Shown, selfId: string): Row | null {
  if (dividerAfter === null) return null;
  // Where the rows begin after the divider its place is not among them: drawn above the first it would be a lie.
  const first = rows.find((row) => row.seq !== null)?.seq ?? null;
  if (first === null || (!atStart && first > dividerAfter + 1)) return null;
  return rows.find((row) => row.seq !== null && row.seq > dividerAfter && row.from !== selfId) ?? null;
}
