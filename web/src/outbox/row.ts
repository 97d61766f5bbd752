import type { Refusal } from '../timeline/row';

/** A message that was written and is not known to be stored by the server. */
export interface OutboxRow {
  /** The order of writing, given by the storage. */
  position: number;
  clientId: string;
  channelId: string;
  /** What the channel was called when it was written: one that was left since tells no name. */
  place?: string;
  content: string;
  /** Texts that it may have been sent with before it was changed, the latest first. */
  earlier?: readonly string[];
  /** Taken back when it may have been sent already: to be deleted where it stands. */
  withdrawn?: boolean;
  state: 'queued' | 'failed';
  /** How often it was sent and nobody could say whether it was stored. */
  tries: number;
  /** Milliseconds since the epoch by this device's clock: for display, never for order. */
  createdAt: number;
  refusal: Refusal | null;
}

/** What a message is to be in the end. */
export type Said = Pick<OutboxRow, 'content' | 'withdrawn'>;

export function saysTheSame(one: Said, other: Said): boolean {
  return one.content === other.content && one.withdrawn === other.withdrawn;
}

/** How many texts are remembered that a message may have been sent with; whoever changes it more often may be refused. */
const EARLIER_MAX = 20;

/** A row as a change makes it. What it said before is remembered. */
export function changed(row: OutboxRow, change: Partial<OutboxRow>): OutboxRow {
  const next = { ...row, ...change };
  // One tab takes it back while it is refused in another: nobody sees it any more, so it cannot wait for anybody.
  if (next.withdrawn === true) next.state = 'queued';
  if (next.content === row.content) return next;
  const earlier = new Set([row.content, ...(row.earlier ?? [])]);
  return { ...next, earlier: [...earlier].slice(0, EARLIER_MAX) };
}
