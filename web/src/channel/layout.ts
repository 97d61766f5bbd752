import { startOfDay } from '../app/clock';
import type { Comings } from '../members/comings';
import type { Row } from '../timeline/row';

/** One line of what is drawn. */
export type Item =
  | { kind: 'day'; key: string; day: number }
  | { kind: 'new'; key: 'new' }
  | { kind: 'comings'; key: string; joined: readonly string[]; left: readonly string[] }
  | { kind: 'message'; key: string; row: Row; lead: boolean };

const GROUP_MS = 5 * 60 * 1000;

interface Shown {
  rows: readonly Row[];
  /** The divider stands before the first row of others above this `seq`; null: no divider. */
  dividerAfter: number | null;
  atStart: boolean;
  /** There are newer messages than these rows. */
  hasNewer: boolean;
}

/**
 * Puts days, the divider "New" and the heads of groups between the rows. A row leads (has a face and a name) unless it
 * follows, within five minutes and on the same day, another one by the same author.
 */
export function layOut(shown: Shown, selfId: string, comings: readonly Comings[] = []): Item[] {
  const items: Item[] = [];
  // Of what happened before the rows that are loaded nothing is shown.
  const begins = shown.atStart ? 0 : (shown.rows[0]?.seq ?? Infinity);
  const waiting = comings.filter(({ afterSeq }) => afterSeq >= begins);
  const divider = dividerRow(shown, selfId);
  let previous: Row | null = null;

  for (const row of shown.rows) {
    let interrupted = false;
    while (waiting[0] !== undefined && (row.seq === null || row.seq > waiting[0].afterSeq)) {
      items.push(comingsItem(waiting[0]));
      waiting.shift();
      interrupted = true;
    }
    const day = startOfDay(row.createdAt);
    const newDay = previous === null || startOfDay(previous.createdAt) !== day;
    if (newDay) items.push({ kind: 'day', key: `day-${row.key}`, day });
    if (row === divider) items.push({ kind: 'new', key: 'new' });
    const lead = newDay || row === divider || interrupted || !continues(previous, row);
    items.push({ kind: 'message', key: row.key, row, lead });
    previous = row;
  }
  if (!shown.hasNewer) items.push(...waiting.map(comingsItem));
  return items;
}

function comingsItem({ afterSeq, joined, left }: Comings): Item {
  return { kind: 'comings', key: `comings-${afterSeq}`, joined, left };
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
