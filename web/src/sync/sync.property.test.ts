import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { failed, unreachable, type Outcome } from '../net/outcome';
import type { Commands, ServerEvent } from '../protocol';
import type { Stored } from '../timeline/stored';
import { asMessage, FakeServer, FakeWorld } from './server.fixture';
import { Sync } from './sync';

const RUNS = 500;
/** The machine may be busy with other things, in milliseconds. */
const PATIENCE = 60_000;
const CHANNELS = ['a', 'b', 'c', 'd'];
/** So few that a run of random steps exceeds it now and then. */
const SYNC_LIMIT = 6;

type SyncReply = Outcome<Commands['message:sync']['reply']>;

const channel = fc.constantFrom(...CHANNELS);
/** What may happen to somebody in a few channels, and to their line; the numbers choose among what there is. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('send', 'edit', 'delete'), channel, which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('is removed', 'joins'), channel }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('hear', 'hear twice', 'lose'), which: fc.nat() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('server reads', 'answer arrives') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut', 'connect', 'wake') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('scroll up', 'trim'), channel, which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore a backup'), which: fc.nat() }) },
);
type Step = { do: string; channel?: string; which?: number };

/** Something that the server sent and that did not arrive yet. What is sent on one line arrives in its order. */
type Mail = { event: ServerEvent } | { answer: () => void };

/** Somebody's client, their line and their server. Whatever has no step of its own waits. */
class Client {
  readonly server = new FakeServer();
  readonly world = new FakeWorld();
  readonly sync: Sync;
  up = false;
  epoch: string | null = null;
  mail: Mail[] = [];
  /** Requests that the server has not read yet. */
  requests: { channels: Record<string, number>; give: (reply: SyncReply) => void }[] = [];
  written = 0;

  constructor() {
    this.server.rows = 4;
    this.server.room = 3;
    for (const id of CHANNELS) this.server.add(id, 3, SYNC_LIMIT);
    this.server.mine.delete('d');
    this.sync = new Sync({
      world: this.world,
      connected: () => this.up,
      sync: ({ channels }) => this.ask(channels),
      epoch: () => this.epoch,
      setEpoch: (told) => {
        this.epoch = told;
      },
      finished: () => undefined,
      silent: () => undefined,
    });
  }

  ask(channels: Record<string, number>): Promise<SyncReply> {
    return new Promise((resolve) => {
      if (this.up) this.requests.push({ channels, give: resolve });
      else resolve(failed(unreachable('not connected')));
    });
  }

  async take(step: Step): Promise<void> {
    const id = step.channel ?? 'a';
    const which = step.which ?? 0;
    switch (step.do) {
      case 'send':
      case 'edit':
      case 'delete':
        return this.change(step.do, id, which);
      case 'is removed':
        if (this.server.mine.delete(id)) this.tell({ name: 'channel:left', data: { channelId: id } });
        return;
      case 'joins':
        if (this.server.mine.has(id)) return;
        this.server.mine.add(id);
        this.tell({ name: 'channel:joined', data: this.server.describe(id) });
        return;
      case 'hear':
      case 'hear twice':
      case 'lose':
        return this.hear(step.do, which);
      case 'server reads':
        return this.read();
      case 'answer arrives':
        return this.arrive(this.mail.findIndex((one) => 'answer' in one));
      case 'cut':
        return this.cut();
      case 'connect':
        return this.connect();
      case 'wake':
        return this.sync.request();
      case 'scroll up':
        return this.scrollUp(id, which);
      case 'trim':
        return this.world.reduce(id, { type: 'trim', side: 'oldest', keep: (which % 5) + 1 });
      default:
        return this.restore(which);
    }
  }

  change(what: string, id: string, which: number): void {
    const there = this.server.channels.get(id);
    if (there === undefined) return;
    const text = `text ${++this.written}`;
    const seq = (which % Math.max(1, there.head.seq)) + 1;
    if (what === 'send' || there.head.seq === 0) this.tellMessage('message:sent', id, there.send('other', null, text));
    else this.tellMessage('message:updated', id, what === 'edit' ? there.edit(seq, text) : there.delete(seq));
  }

  tellMessage(name: 'message:sent' | 'message:updated', id: string, message: Stored): void {
    if (this.server.mine.has(id)) this.tell({ name, data: asMessage(message, id) });
  }

  tell(event: ServerEvent): void {
    if (this.up) this.mail.push({ event });
  }

  /** The next of the mail; one about a message may get lost, or come once more later. */
  hear(how: string, which: number): void {
    const at = which % Math.max(1, this.mail.length);
    const one = this.mail[at];
    const isMessage = one !== undefined && 'event' in one && one.event.name.startsWith('message:');
    if (how === 'lose' && isMessage) this.mail.splice(at, 1);
    else if (how === 'hear twice' && isMessage) this.deliver(one.event);
    else this.arrive(0);
  }

  arrive(until: number): void {
    for (let at = 0; at <= until; at++) {
      const one = this.mail.shift();
      if (one === undefined) return;
      if ('event' in one) this.deliver(one.event);
      else one.answer();
    }
  }

  deliver(event: ServerEvent): void {
    this.sync.hear(event);
  }

  async read(): Promise<void> {
    const request = this.requests.shift();
    if (request === undefined) return;
    const reply = await this.server.sync({ channels: request.channels });
    this.mail.push({ answer: () => request.give(reply) });
  }

  cut(): void {
    this.up = false;
    const lost = this.requests;
    this.requests = [];
    this.mail = [];
    for (const { give } of lost) give(failed(unreachable('connection lost')));
    this.sync.stop();
  }

  connect(): void {
    if (this.up) return;
    this.up = true;
    this.sync.restart();
  }

  scrollUp(id: string, which: number): void {
    const timeline = this.world.timelines.get(id);
    const there = this.server.channels.get(id);
    if (!this.up || timeline === undefined || there === undefined || !this.server.mine.has(id)) return;
    // A page of another database is no page of this one: it belongs to a connection, and so does the epoch.
    if (this.epoch === this.server.epoch) this.world.reduce(id, there.older(timeline.floor, (which % 4) + 1));
  }

  restore(which: number): void {
    this.cut();
    this.server.epoch = `epoch ${++this.written}`;
    for (const there of this.server.channels.values()) there.goBack(which % 5);
  }

  /** The line is good from now on, and everything arrives. */
  async settle(): Promise<void> {
    this.connect();
    for (const id of this.server.mine) this.tell({ name: 'heads', data: { [id]: this.headOf(id) } });
    for (let rounds = 0; this.requests.length > 0 || this.mail.length > 0 || rounds < 3; rounds++) {
      expect(rounds, 'a sync must come to an end').toBeLessThan(200);
      await this.read();
      this.arrive(this.mail.length - 1);
      // Whoever waits before asking again asks now.
      await vi.advanceTimersByTimeAsync(60_000);
    }
  }

  headOf(id: string) {
    return this.server.channels.get(id)?.head ?? { seq: 0, rev: 0 };
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test(
  'whatever is missed, lost, repeated or overtaken, a sync ends in the channels and messages of the server',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const client = new Client();
        client.connect();
        for (const one of steps) {
          await client.take(one);
          // Answers that arrived are applied before anything else happens.
          await vi.advanceTimersByTimeAsync(0);
        }
        await client.settle();

        expect([...client.world.timelines.keys()].toSorted()).toStrictEqual([...client.server.mine].toSorted());
        expect(client.world.isComplete()).toBe(true);
        for (const id of client.server.mine) {
          for (let rounds = 0; (client.world.timelines.get(id)?.floor ?? 1) > 1 && rounds < 100; rounds++) {
            client.scrollUp(id, 3);
          }
          await client.settle();
          const there = client.server.channels.get(id);
          const contents = client.world.timelines.get(id)?.rows.map((row) => [row.seq, row.rev, row.content]);
          expect(contents).toStrictEqual(there?.current().map((row) => [row.seq, row.rev, row.content]));
        }
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE,
);
