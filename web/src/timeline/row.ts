import type { Failure } from '../net/outcome';

/** Why the server refused a message for good. */
export type Refusal = Pick<Failure, 'code' | 'message'>;

/** One line of a timeline as it is shown, whether it is stored, on its way, or refused. */
export interface Row {
  /** Stays the same from pending to sent, so that the DOM node stays; unique within the timeline. */
  key: string;
  state: 'pending' | 'sent' | 'failed';
  channelId: string;
  /** Place in the channel, from 1 and without gaps; null until it is stored. */
  seq: number | null;
  /** The author's user id. */
  from: string;
  content: string;
  /** Milliseconds since the epoch; the server's clock once stored, never used for order. */
  createdAt: number;
  editedAt: number | null;
  /** Set on a tombstone; its content is empty. */
  deletedAt: number | null;
  /** Set on one's own messages. */
  clientId: string | null;
  /** Why it failed; null unless `state` is `failed`. */
  refusal: Refusal | null;
}
