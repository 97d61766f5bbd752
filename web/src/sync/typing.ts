/** Said again while typing goes on, in milliseconds. */
const REPEAT = 3_000;
/** Without a key for that long nobody is typing, in milliseconds. */
const IDLE = 1_500;
/** Without being said again it ends, in milliseconds: at most the server's own six seconds. */
const EXPIRY = 6_000;

/** Tells the others that one is typing. */
export class OwnTyping {
  #channelId: string | null = null;
  #saidAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly say: (channelId: string, isTyping: boolean) => void) {}

  key(channelId: string, now: number = Date.now()): void {
    if (this.#channelId !== channelId) this.stop();
    if (this.#channelId === null || now - this.#saidAt >= REPEAT) {
      this.#channelId = channelId;
      this.#saidAt = now;
      this.say(channelId, true);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), IDLE);
  }

  /** Nobody types any more; with a channel only if it was there. */
  stop(channelId?: string): void {
    if (this.#channelId === null || (channelId !== undefined && channelId !== this.#channelId)) return;
    clearTimeout(this.#timer);
    this.say(this.#channelId, false);
    this.#channelId = null;
  }
}

/** Who is typing where, as far as it was told of late. */
export class OthersTyping {
  readonly #timers = new Map<string, Map<string, ReturnType<typeof setTimeout>>>();

  /** `changed` gets everybody who is typing in a channel, the earliest first. */
  constructor(private readonly changed: (channelId: string, userIds: string[]) => void) {}

  hear(channelId: string, userId: string, isTyping: boolean): void {
    const there = this.#timers.get(channelId) ?? new Map<string, ReturnType<typeof setTimeout>>();
    const known = there.get(userId);
    clearTimeout(known);
    if (isTyping) {
      there.set(
        userId,
        setTimeout(() => this.hear(channelId, userId, false), EXPIRY),
      );
      this.#timers.set(channelId, there);
    } else {
      there.delete(userId);
      if (there.size === 0) this.#timers.delete(channelId);
    }
    if (isTyping !== (known !== undefined)) this.changed(channelId, [...there.keys()]);
  }

  /** The connection is gone: nobody is known to be typing. */
  clear(): void {
    for (const [channelId, there] of this.#timers) {
      for (const userId of there.keys()) this.hear(channelId, userId, false);
    }
  }
}
