import fc, { type Scheduler } from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { done, failed, unreachable, type Failure, type Outcome } from '../net/outcome';
import { memoryStorage } from './memory';
import { Outbox, type Receipt } from './outbox';
import type { OutboxRow } from './row';
import type { Storage } from './storage';

const RUNS = 300;
/** The machine may be busy with other things, in milliseconds. */
const PATIENCE = 60_000;

const tab = fc.nat({ max: 1 });
/** What may happen to the outbox of one person in two tabs; the numbers choose among what there is. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write'), tab, which: fc.nat({ max: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('retry', 'discard'), tab, which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('change', 'change', 'change back', 'withdraw'), tab, which: fc.nat() }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('go on'), tab }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut', 'connect', 'crash'), tab }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('refuse', 'take for another text', 'lose the answer', 'be busy', 'be down'),
      tab,
    }),
  },
);
type Step = { do: string; tab: number; which?: number };

/** What the server does with the next message, instead of storing it and saying so. */
const MISHAPS: Record<string, Failure['code']> = {
  refuse: 'FORBIDDEN',
  'take for another text': 'CONFLICT',
  'lose the answer': 'NETWORK',
  'be busy': 'BUSY',
  'be down': 'UNAVAILABLE',
};

interface Tab {
  outbox: Outbox;
  up: boolean;
  rows: readonly OutboxRow[];
  /** What it holds is let go. */
  die: () => void;
  dead: Promise<void>;
}

/** What a message was written as, of what was made of it since. */
const original = (text: string): string => text.replace(/!.*/, '');

/** Two tabs of one browser and a server; every answer of the storage and of the server comes when the scheduler says. */
class Browser {
  readonly storage = memoryStorage();
  readonly tabs: Tab[] = [];
  readonly stored: OutboxRow[] = [];
  readonly written: string[] = [];
  readonly discarded = new Set<string>();
  /** Where taking back was begun. */
  readonly takenBack = new Set<string>();
  /** What a message that was changed may say in the end, by what it was written as. */
  readonly changed = new Map<string, { flying: number; begun: number; may: Set<string> }>();
  /** What stands on the server, by clientId; null: deleted. */
  readonly standing = new Map<string, string | null>();
  /** Texts that the server refused at some time: they may be sent out of their order. */
  readonly refused = new Set<string>();
  /** What was shown while a message was shown twice. */
  readonly doubled: string[] = [];
  mishaps: string[] = [];
  #changes = 0;
  readonly #taken = new Set<string>();
  #locks = new Map<string, Promise<void>>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly hasLocks: boolean,
  ) {
    this.open(0);
    this.open(1);
  }

  /** The storage as a tab has it until it crashes. */
  #opened(tab: Tab): Storage {
    const later = <A extends unknown[], R>(act: (...given: A) => Promise<R>): ((...given: A) => Promise<R>) => {
      const scheduled = this.scheduler.scheduleFunction(act);
      return (...given) => (this.tabs.includes(tab) ? scheduled(...given) : new Promise<R>(() => undefined));
    };
    const { outbox, addToOutbox, updateOutbox, moveToEnd, removeFromOutbox } = this.storage;
    return {
      ...this.storage,
      outbox: later(outbox),
      addToOutbox: later(addToOutbox),
      updateOutbox: later(updateOutbox),
      moveToEnd: later(moveToEnd),
      removeFromOutbox: later(removeFromOutbox),
    };
  }

  open(at: number): void {
    const send = this.scheduler.scheduleFunction(async (row: OutboxRow) => this.answer(row));
    const amend = this.scheduler.scheduleFunction(async (row: OutboxRow) => this.amend(row));
    let die = (): void => undefined;
    const dead = new Promise<void>((resolve) => {
      die = resolve;
    });
    const tab: Tab = { up: true, rows: [], outbox: null as never, die, dead };
    this.tabs[at] = tab;
    tab.outbox = new Outbox({
      storage: this.#opened(tab),
      send: async (row) => (tab.up ? send(row) : failed(unreachable('not connected'))),
      amend: async (row) => (tab.up ? amend(row) : failed(unreachable('not connected'))),
      connected: () => tab.up,
      exclusively: (name, act) => this.exclusively(name, async () => Promise.race([act(), tab.dead])),
      changed: (rows) => {
        tab.rows = rows;
        const ids = rows.map((row) => row.clientId);
        if (new Set(ids).size < ids.length) this.doubled.push(...rows.map((row) => row.content));
      },
      saved: () => {
        for (const other of this.tabs) if (other !== tab) void other.outbox.load();
      },
      sent: () => undefined,
    });
    void tab.outbox.load();
  }

  async exclusively(name: string, act: () => Promise<void>): Promise<void> {
    if (!this.hasLocks) return act();
    const turn = (this.#locks.get(name) ?? Promise.resolve()).then(act);
    this.#locks.set(name, turn);
    return turn;
  }

  answer(row: OutboxRow): Outcome<Receipt> {
    const mishap = this.mishaps.shift();
    const known = this.stored.find((one) => one.clientId === row.clientId);
    const isStored = known !== undefined;
    const isTaken = this.#taken.has(row.clientId) || (isStored && known.content !== row.content);
    const code = isTaken ? 'CONFLICT' : MISHAPS[mishap ?? ''];
    // What another text was stored under is never free again.
    if (code === 'CONFLICT' && !isStored) this.#taken.add(row.clientId);
    // What is stored is answered with what it was answered first, whatever else happens.
    if (!isStored && (code === undefined || code === 'NETWORK')) {
      this.stored.push(row);
      this.standing.set(row.clientId, row.content);
    }
    const isUnheard = code === 'NETWORK' || code === 'BUSY' || code === 'UNAVAILABLE';
    if (isUnheard || (code === 'CONFLICT' && isTaken))
      return failed({ code, message: '', fields: {}, retryAfterMs: null });
    if (!isStored && code !== undefined) {
      this.refused.add(original(row.content));
      return failed({ code, message: '', fields: {}, retryAfterMs: null });
    }
    const at = this.stored.findIndex((one) => one.clientId === row.clientId) + 1;
    return done({ id: String(at), rev: at, createdAt: at });
  }

  /** Changes what is stored; the answer may be lost. */
  amend(row: OutboxRow): Outcome {
    const code = MISHAPS[this.mishaps.shift() ?? ''];
    if (code !== 'BUSY' && code !== 'UNAVAILABLE')
      this.standing.set(row.clientId, row.withdrawn === true ? null : row.content);
    const isUnheard = code === 'NETWORK' || code === 'BUSY' || code === 'UNAVAILABLE';
    return isUnheard ? failed({ code, message: '', fields: {}, retryAfterMs: null }) : done(undefined);
  }

  async take(step: Step): Promise<void> {
    const tab = this.tabs[step.tab] ?? expect.fail();
    const row = tab.rows[(step.which ?? 0) % Math.max(1, tab.rows.length)];
    switch (step.do) {
      case 'write': {
        const text = `text ${this.written.length + 1} of ${step.tab}`;
        this.written.push(text);
        void tab.outbox.add(`channel ${step.which}`, text);
        return;
      }
      case 'retry':
        if (row?.state === 'failed') void tab.outbox.retry(row.clientId);
        return;
      case 'discard':
        if (row === undefined) return;
        this.discarded.add(original(row.content));
        void tab.outbox.discard(row.clientId);
        return;
      case 'change':
      case 'change back': {
        if (row === undefined) return;
        const text = `${original(row.content)}${step.do === 'change' ? `!${++this.#changes}` : ''}`;
        void this.change(original(text), text, tab.outbox.change(row.clientId, text));
        return;
      }
      case 'withdraw': {
        if (row === undefined) return;
        this.takenBack.add(original(row.content));
        void tab.outbox.withdraw(row.clientId);
        return;
      }
      case 'go on':
        if (this.scheduler.count() > 0) await this.scheduler.waitOne();
        return;
      case 'cut':
        tab.up = false;
        return;
      case 'connect':
        tab.up = true;
        tab.outbox.kick(true);
        return;
      case 'crash':
        // What was not written down yet goes with the tab.
        for (const one of tab.rows)
          if (one.position === Number.MAX_SAFE_INTEGER) this.discarded.add(original(one.content));
        tab.outbox.stop();
        tab.die();
        this.open(step.tab);
        return;
      default:
        this.mishaps.push(step.do);
    }
  }

  /** A change begun; which of two at once comes last nobody can tell, nor what became of one in a tab that crashed. */
  async change(text: string, next: string, done: Promise<boolean>): Promise<void> {
    const change = this.changed.get(text) ?? { flying: 0, begun: 0, may: new Set([text]) };
    this.changed.set(text, change);
    const isAlone = change.flying === 0;
    const begun = ++change.begun;
    change.flying += 1;
    const isNew = !change.may.has(next);
    change.may.add(next);
    const isTaken = await done;
    change.flying -= 1;
    if (!isTaken && isNew) change.may.delete(next);
    else if (isTaken && isAlone && begun === change.begun) change.may = new Set([next]);
  }

  /** From now on everything works. */
  async settle(): Promise<void> {
    this.mishaps = [];
    for (let rounds = 0; rounds < 4; rounds++) {
      for (const tab of this.tabs) {
        tab.up = true;
        tab.outbox.kick(true);
      }
      await this.rest();
    }
  }

  async rest(): Promise<void> {
    for (let quiet = 0; quiet < 3;) {
      if (this.scheduler.count() > 0) await this.scheduler.waitOne();
      else quiet += 1;
      await vi.advanceTimersByTimeAsync(60_000);
    }
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([true, false])(
  'whatever fails, crashes or is overtaken, a message is stored once or still there (locks: %s)',
  async (hasLocks) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 40, size: 'max' }), async (scheduler, steps) => {
        const browser = new Browser(scheduler, hasLocks);
        for (const one of steps) await browser.take(one);
        await browser.settle();

        expect(browser.doubled, 'a message is shown once').toStrictEqual([]);
        const failures = browser.tabs.map((one) => one.rows.map((row) => [row.state, row.content]));
        expect(failures[0], 'both tabs show the same').toStrictEqual(failures[1]);
        const left = await Promise.all([browser.storage.outbox(), browser.rest()]).then(([rows]) => rows);
        expect(left.map((row) => row.clientId)).toStrictEqual(browser.tabs[0]?.rows.map((row) => row.clientId));

        expect(
          left.filter((row) => row.withdrawn),
          'what was taken back is gone',
        ).toStrictEqual([]);

        const stored = browser.stored.map((row) => original(row.content));
        expect(new Set(stored).size, 'stored once').toBe(stored.length);
        for (const text of browser.written) {
          if (browser.discarded.has(text)) continue;
          const kept = left.some((row) => original(row.content) === text && row.state === 'failed');
          // Whether it was stored before that is nobody's loss.
          if (browser.takenBack.has(text)) continue;
          const isStored = stored.includes(text);
          const at = browser.stored.find((row) => original(row.content) === text)?.clientId ?? '';
          const may = [...(browser.changed.get(text)?.may ?? [text])];
          if (isStored && hasLocks) expect(may, 'as it was changed last').toContain(browser.standing.get(at));
          // Without locks one tab may be refused what another one stores and cannot say any more: a retry tells.
          const isRight = hasLocks ? isStored !== kept : isStored || kept;
          expect([text, isRight], 'stored, or kept as refused').toStrictEqual([text, true]);
        }
        const strayed = new Set([...browser.refused, ...browser.discarded, ...browser.takenBack]);
        for (const name of ['channel 0', 'channel 1']) {
          for (const who of [' of 0', ' of 1']) {
            const sent = browser.stored
              .filter((row) => row.channelId === name)
              .map((row) => original(row.content))
              .filter((text) => text.endsWith(who) && !strayed.has(text));
            const inOrder = browser.written.filter((text) => sent.includes(text));
            expect(sent, 'in the order of writing').toStrictEqual(inOrder);
          }
        }
        for (const one of browser.tabs) one.outbox.stop();
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE,
);
