import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ServerChannel } from './server.fixture';
import { emptyTimeline, needsSync, reduce, syncFrom, type Action, type Timeline } from './timeline';

/** So few that a run of random steps exceeds it now and then. */
const SYNC_LIMIT = 8;
const RUNS = 1_000;
/** The machine may be busy with other things, in milliseconds. */
const PATIENCE = 60_000;

/** What may happen between a client and its server; the numbers choose among what there is to choose from. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), own: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('edit', 'delete'), which: fc.nat() }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('deliver', 'repeat', 'lose'), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask sync' as const), room: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('ask older', 'ask newer'), size: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('answer', 'answer twice', 'no answer'), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tell head' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('trim oldest', 'trim newest'), keep: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('go' as const), to: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('go to end' as const) }) },
);
type Step = { do: string; own?: boolean; which?: number; room?: number; size?: number; keep?: number; to?: number };

/** A client whose mail arrives in any order, twice, or never. */
class Client {
  readonly server = new ServerChannel(SYNC_LIMIT);
  readonly events: Action[] = [];
  readonly answers: Action[] = [];
  timeline: Timeline;
  sent = 0;

  constructor(history: number) {
    for (let made = 0; made < history; made++) this.server.send();
    this.timeline = emptyTimeline('channel', 'self', this.server.head, 0);
  }

  take(step: Step): void {
    const { server, events, answers, timeline } = this;
    const size = step.size ?? 1;
    switch (step.do) {
      case 'send':
        events.push({ type: 'message', message: step.own === true ? this.ownMessage() : server.send() });
        return;
      case 'edit':
      case 'delete': {
        if (server.head.seq === 0) return;
        const seq = ((step.which ?? 0) % server.head.seq) + 1;
        events.push({ type: 'message', message: step.do === 'edit' ? server.edit(seq) : server.delete(seq) });
        return;
      }
      case 'deliver':
      case 'repeat':
      case 'lose':
        return this.pick(events, step.which ?? 0, step.do !== 'lose', step.do === 'repeat');
      case 'ask sync':
        answers.push(server.sync(syncFrom(timeline), step.room));
        return;
      case 'ask older':
        answers.push(server.older(timeline.floor, size));
        return;
      case 'ask newer':
        if (timeline.ceiling !== null) answers.push(server.newer(timeline.ceiling, size));
        return;
      case 'answer':
      case 'answer twice':
      case 'no answer':
        return this.pick(answers, step.which ?? 0, step.do !== 'no answer', step.do === 'answer twice');
      case 'tell head':
        return this.apply({ type: 'head', head: server.head });
      case 'trim oldest':
      case 'trim newest':
        return this.apply({
          type: 'trim',
          side: step.do === 'trim oldest' ? 'oldest' : 'newest',
          keep: step.keep ?? 1,
        });
      case 'go':
        // Also to where nothing is yet: a link may lead to a message that this client has not heard of.
        return this.apply({ type: 'to', seq: (step.to ?? 0) % (server.head.seq + 4) });
      default:
        return this.apply({ type: 'to-end' });
    }
  }

  ownMessage() {
    const clientId = `own-${++this.sent}`;
    const unsent = [...this.timeline.unsent, { clientId, content: '', createdAt: 1, refusal: null }];
    this.apply({ type: 'unsent', unsent });
    return this.server.send('self', clientId);
  }

  pick(mail: Action[], which: number, arrives: boolean, keep: boolean): void {
    const action = mail[which % Math.max(1, mail.length)];
    if (action === undefined) return;
    if (!keep) mail.splice(which % mail.length, 1);
    if (arrives) this.apply(action);
  }

  apply(action: Action): void {
    this.timeline = reduce(this.timeline, action);
  }

  /** What a client does when it is connected: learns the heads, and syncs until nothing is missing. */
  catchUp(): void {
    this.apply({ type: 'head', head: this.server.head });
    for (let rounds = 0; needsSync(this.timeline); rounds++) {
      expect(rounds, 'a sync must come to an end').toBeLessThan(20);
      this.apply(this.server.sync(syncFrom(this.timeline), 3));
    }
  }

  /** Scrolls to both ends. */
  loadAll(): void {
    while (this.timeline.floor > 1) this.apply(this.server.older(this.timeline.floor, 4));
    while (this.timeline.ceiling !== null) this.apply(this.server.newer(this.timeline.ceiling, 4));
  }

  /** What must hold at any time: the cursor's promise. */
  check(): void {
    const { timeline, server } = this;
    const { rows, floor, cursor, stale } = timeline;
    const ceiling = timeline.ceiling ?? Infinity;
    rows.forEach((row, index) => {
      must(row.seq > (rows[index - 1]?.seq ?? 0), `${row.seq} is in order`);
      must(row.seq >= floor && row.seq <= ceiling, `${row.seq} is in the window`);
      must(row.content === server.versions[row.rev - 1]?.content, `${row.seq} is what the server wrote`);
    });
    const held = new Map(rows.map((row) => [row.seq, row.rev]));
    for (const row of server.current()) {
      const promised = row.seq >= floor && row.seq <= ceiling && row.rev <= cursor;
      const known = stale !== null && row.rev > stale.from && row.rev <= stale.until;
      if (promised && !known) must(held.get(row.seq) === row.rev, `${row.seq} is held`);
    }
    must(cursor <= server.head.rev, 'the cursor is not beyond the head');
  }
}

/** `expect` is too slow for some hundred thousand checks. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

test(
  'whatever the order, loss and repetition, the cursor never promises what is not held',
  () => {
    fc.assert(
      fc.property(fc.nat({ max: 12 }), fc.array(step, { maxLength: 60, size: 'max' }), (history, steps) => {
        const client = new Client(history);
        for (const one of steps) {
          client.take(one);
          client.check();
        }
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE,
);

test(
  'whatever the order, loss and repetition, a sync ends in what the server holds',
  () => {
    fc.assert(
      fc.property(fc.nat({ max: 12 }), fc.array(step, { maxLength: 60, size: 'max' }), (history, steps) => {
        const client = new Client(history);
        for (const one of steps) client.take(one);

        client.catchUp();
        client.check();
        expect(needsSync(client.timeline)).toBe(false);

        client.loadAll();
        client.catchUp();
        expect(client.timeline.rows).toStrictEqual(client.server.current());
        expect(client.timeline.cursor).toBe(client.server.head.rev);
        expect(client.timeline.ahead).toStrictEqual([]);
        expect(client.timeline.unsent, 'stored messages are not pending').toStrictEqual([]);
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE,
);

test(
  'late mail changes nothing once everything is held',
  () => {
    fc.assert(
      fc.property(fc.nat({ max: 12 }), fc.array(step, { maxLength: 60, size: 'max' }), (history, steps) => {
        const client = new Client(history);
        for (const one of steps) client.take(one);
        client.catchUp();
        client.loadAll();
        client.catchUp();
        const before = client.timeline.rows;

        for (const late of [...client.events, ...client.answers]) client.apply(late);
        client.catchUp();
        client.loadAll();
        expect(client.timeline.rows).toStrictEqual(before);
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE,
);
