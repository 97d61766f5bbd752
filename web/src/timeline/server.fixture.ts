import type { Stored } from './stored';
import type { Action, Head } from './timeline';

/** The channel as a server holds it: every version of every message, by the rev that made it. */
export class ServerChannel {
  readonly versions: Stored[] = [];

  constructor(
    /** More missed changes than this are answered with `truncated`. */
    readonly limit: number = 300,
  ) {}

  get head(): Head {
    return { seq: this.current().length, rev: this.versions.length };
  }

  /** The newest version of every message, by place. */
  current(): Stored[] {
    const rows = new Map<number, Stored>();
    for (const version of this.versions) rows.set(version.seq, version);
    return [...rows.values()].toSorted((a, b) => a.seq - b.seq);
  }

  send(from = 'other', clientId: string | null = null, content?: string): Stored {
    const seq = this.head.seq + 1;
    return this.#write({ ...blank, seq, from, clientId, content: content ?? `message ${seq}` });
  }

  edit(seq: number, content = `edited at ${this.versions.length + 1}`): Stored {
    return this.#write({ ...this.#at(seq), content, editedAt: 2 });
  }

  delete(seq: number): Stored {
    return this.#write({ ...this.#at(seq), content: '', deletedAt: 3 });
  }

  /** The answer to a sync from `from`; with `room`, one that holds no more than so many messages. */
  sync(from: number, room = Infinity): Extract<Action, { type: 'synced' }> {
    const { head } = this;
    if (from > head.rev || head.rev - from > this.limit) {
      return { type: 'synced', from, messages: [], head, truncated: true, partial: false };
    }
    const missed = this.current()
      .filter((row) => row.rev > from)
      .toSorted((a, b) => a.rev - b.rev);
    const messages = missed.slice(0, room);
    return { type: 'synced', from, messages, head, truncated: false, partial: messages.length < missed.length };
  }

  older(before: number, size: number): Extract<Action, { type: 'older' }> {
    const rows = this.current().filter((row) => row.seq < before);
    const { rev } = this.head;
    return { type: 'older', before, messages: rows.slice(-size).toReversed(), more: rows.length > size, rev };
  }

  newer(after: number, size: number): Extract<Action, { type: 'newer' }> {
    const rows = this.current().filter((row) => row.seq > after);
    return { type: 'newer', after, messages: rows.slice(0, size), more: rows.length > size, rev: this.head.rev };
  }

  /** As a backup has it that was made so many changes ago. */
  goBack(changes: number): void {
    this.versions.length = Math.max(0, this.versions.length - changes);
  }

  #at(seq: number): Stored {
    const row = this.current()[seq - 1];
    if (row === undefined) throw new Error(`no message ${seq}`);
    return row;
  }

  #write(row: Omit<Stored, 'rev'>): Stored {
    const version = { ...row, rev: this.versions.length + 1 };
    this.versions.push(version);
    return version;
  }
}

const blank: Stored = {
  channelId: 'channel',
  seq: 0,
  rev: 0,
  from: 'other',
  content: '',
  createdAt: 1,
  editedAt: null,
  deletedAt: null,
  clientId: null,
};
