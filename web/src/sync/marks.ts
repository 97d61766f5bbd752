import { backoff } from '../net/backoff';
import type { Outcome } from '../net/outcome';

export interface MarksPorts {
  connected(): boolean;
  /** Tells the server. */
  ack(channelId: string, seq: number): Promise<Outcome<unknown>>;
}

const WAIT = { base: 1_000, cap: 30_000 };

/** Tells the server how far one has read: one command at a time per channel, the latest mark, until it is known there. */
export class Marks {
  readonly #wanted = new Map<string, number>();
  readonly #busy = new Set<string>();
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ports: MarksPorts) {}

  raise(channelId: string, seq: number): void {
    if (seq <= (this.#wanted.get(channelId) ?? 0)) return;
    this.#wanted.set(channelId, seq);
    void this.#tell(channelId);
  }

  forget(channelId: string): void {
    this.#wanted.delete(channelId);
  }

  /** Tells what could not be told; on every connect. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const channelId of this.#wanted.keys()) void this.#tell(channelId);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#wanted.clear();
  }

  async #tell(channelId: string): Promise<void> {
    const seq = this.#wanted.get(channelId);
    if (seq === undefined || this.#busy.has(channelId) || !this.ports.connected()) return;
    this.#busy.add(channelId);
    const outcome = await this.ports.ack(channelId, seq);
    this.#busy.delete(channelId);
    if (!outcome.ok && isLater(outcome.failure.code)) return this.#later();
    this.#failures = 0;
    // Told, or refused for good: only a later mark is left to tell.
    if (this.#wanted.get(channelId) === seq) this.#wanted.delete(channelId);
    else void this.#tell(channelId);
  }

  #later(): void {
    if (this.#timer !== undefined || !this.ports.connected()) return;
    this.#failures += 1;
    this.#timer = setTimeout(() => this.flush(), backoff(WAIT, this.#failures));
  }
}

function isLater(code: string): boolean {
  return !['INVALID', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'].includes(code);
}
