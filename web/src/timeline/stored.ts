import type { Message } from '../protocol';
import type { Refusal } from './row';

/** A message as the timeline keeps it: the wire's, with its place as a number. Never changed, only replaced. */
export interface Stored {
  readonly channelId: string;
  readonly seq: number;
  readonly rev: number;
  readonly from: string;
  readonly content: string;
  readonly createdAt: number;
  readonly editedAt: number | null;
  readonly deletedAt: number | null;
  readonly clientId: string | null;
}

/** Reads a message off the wire, where an id is `seq` as a decimal string. */
export function fromWire(message: Message): Stored {
  return {
    channelId: message.channelId,
    seq: Number(message.id),
    rev: message.rev,
    from: message.from,
    content: message.content,
    createdAt: message.createdAt,
    editedAt: message.editedAt ?? null,
    deletedAt: message.deletedAt ?? null,
    clientId: message.clientId ?? null,
  };
}

/** A message that is not stored yet: on its way, or refused for good. */
export interface Unsent {
  readonly clientId: string;
  readonly content: string;
  readonly createdAt: number;
  /** Null while it is on its way. */
  readonly refusal: Refusal | null;
}
