import type { Row } from './row';
import type { Stored, Unsent } from './stored';
import type { Timeline } from './timeline';

const rows = new WeakMap<Stored | Unsent, Row>();

/** What is shown of a timeline, in order. A message that did not change stays the same row object. */
export function rowsOf(timeline: Timeline): readonly Row[] {
  const stored = timeline.rows.map((message) => remembered(message, () => storedRow(message, timeline.self)));
  if (timeline.ceiling !== null) return stored;
  return stored.concat(timeline.unsent.map((message) => remembered(message, () => unsentRow(message, timeline))));
}

function remembered(message: Stored | Unsent, make: () => Row): Row {
  const known = rows.get(message);
  if (known !== undefined) return known;
  const row = make();
  rows.set(message, row);
  return row;
}

function storedRow(message: Stored, self: string): Row {
  // Only one's own clientIds are unique here: anybody may send with one that somebody else made up.
  const clientId = message.from === self ? message.clientId : null;
  return {
    key: clientId === null ? `s:${message.seq}` : `c:${clientId}`,
    state: 'sent',
    channelId: message.channelId,
    seq: message.seq,
    from: message.from,
    content: message.content,
    createdAt: message.createdAt,
    editedAt: message.editedAt,
    deletedAt: message.deletedAt,
    clientId,
    refusal: null,
  };
}

function unsentRow(message: Unsent, timeline: Timeline): Row {
  return {
    key: `c:${message.clientId}`,
    state: message.refusal === null ? 'pending' : 'failed',
    channelId: timeline.channelId,
    seq: null,
    from: timeline.self,
    content: message.content,
    createdAt: message.createdAt,
    editedAt: null,
    deletedAt: null,
    clientId: message.clientId,
    refusal: message.refusal,
  };
}
