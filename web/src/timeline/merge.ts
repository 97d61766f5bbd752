import type { Stored } from './stored';

/**
 * Puts messages into rows that are sorted by `seq`. One place in the channel is one row: the newer `rev` wins, and an
 * equal one leaves the row as the object that it was. Returns the same array if nothing changed.
 */
export function merge(rows: readonly Stored[], incoming: readonly Stored[]): readonly Stored[] {
  const last = incoming.length === 1 ? incoming[0] : undefined;
  const end = rows.at(-1);
  if (last !== undefined && (end === undefined || end.seq < last.seq)) return [...rows, last];

  const next = [...rows];
  let changed = false;
  for (const message of incoming) {
    const at = place(next, message.seq);
    const held = next[at];
    if (held === undefined || held.seq !== message.seq) {
      next.splice(at, 0, message);
      changed = true;
    } else if (held.rev < message.rev) {
      // An answer that leaves the clientId out must not change the row's key.
      next[at] = message.clientId === held.clientId ? message : { ...message, clientId: held.clientId };
      changed = true;
    }
  }
  return changed ? next : rows;
}

/** The index of `seq` in sorted rows, or where it belongs. */
function place(rows: readonly Stored[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row !== undefined && row.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
