import { afterEach, beforeEach, vi } from 'vitest';

import { done, failed, type Failure, type Outcome } from '../net/outcome';
import { Outbox, type OutboxPorts, type Receipt } from './outbox';
import type { OutboxRow } from './row';
import { openStorage, type Storage } from './storage';

/** A server that stores each clientId once, and does what it is told. */
class FakeServer {
  readonly stored: OutboxRow[] = [];
  readonly asked: string[] = [];
  connected = true;
  /** What became of what is stored, by clientId; null: deleted. */
  readonly amended = new Map<string, string | null>();
  /** What it answers next, before it behaves. */
  readonly answers: ((row: OutboxRow) => Promise<Outcome<Receipt>>)[] = [];

  async send(row: OutboxRow): Promise<Outcome<Receipt>> {
    this.asked.push(row.content);
    return this.answers.shift()?.(row) ?? this.store(row);
  }

  store(row: OutboxRow): Outcome<Receipt> {
    const isTaken = this.stored.some((one) => one.clientId === row.clientId && one.content !== row.content);
    if (isTaken) return failed({ code: 'CONFLICT', message: '', fields: {}, retryAfterMs: null });
    if (!this.stored.some((one) => one.clientId === row.clientId)) this.stored.push(row);
    const at = this.stored.findIndex((one) => one.clientId === row.clientId) + 1;
    return done({ id: String(at), rev: at, createdAt: at });
  }

  async amend(row: OutboxRow): Promise<Outcome> {
    this.amended.set(row.clientId, row.withdrawn === true ? null : row.content);
    return done(undefined);
  }

  get contents(): string[] {
    return this.stored.map((row) => row.content);
  }
}

export interface Tab {
  outbox: Outbox;
  rows: () => readonly OutboxRow[];
}

/** Others in every test. */
export let server: FakeServer;
export let storage: Storage;
let tabs: Tab[] = [];
let user = 0;

export function openTab(on: Storage = storage, change: Partial<OutboxPorts> = {}): Tab {
  let rows: readonly OutboxRow[] = [];
  const outbox = new Outbox({
    storage: on,
    send: (row) => server.send(row),
    amend: (row) => server.amend(row),
    connected: () => server.connected,
    exclusively: (_name, act) => act(),
    changed: (next) => {
      rows = next;
    },
    saved: () => undefined,
    sent: () => undefined,
    ...change,
  });
  const tab = { outbox, rows: () => rows };
  tabs.push(tab);
  return tab;
}

/** An answer that refuses. */
export function refuse(code: Failure['code'], retryAfterMs: number | null = null): () => Promise<Outcome<Receipt>> {
  return async () => failed({ code, message: `it is ${code}`, fields: {}, retryAfterMs });
}

/** The storage of that person as another page opens it. */
export function openAgain(): Promise<Storage> {
  return openStorage(`user-${user}`);
}

/** For a file that tests the outbox of somebody else each time. */
export function serveEachTest(): void {
  beforeEach(async () => {
    server = new FakeServer();
    user += 1;
    storage = await openStorage(`user-${user}`);
  });

  afterEach(() => {
    for (const tab of tabs) tab.outbox.stop();
    tabs = [];
    vi.useRealTimers();
  });
}
