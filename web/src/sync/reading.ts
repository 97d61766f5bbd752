/** Seen for that long counts as read, in milliseconds. */
const LONG_ENOUGH = 500;

export interface ReadingPorts {
  /** Whether the person can see this tab and looks at it. */
  attentive(): boolean;
  /** The newest message that is shown, if something is unread; else null. */
  unreadEnd(channelId: string): number | null;
  read(channelId: string, seq: number): void;
}

/** Decides when a channel was read: tab visible and focused, its end in view, for half a second. */
export class Reading {
  #channelId: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ports: ReadingPorts) {}

  /** The end of that channel came into view, or is not in view any more. */
  inView(channelId: string, atEnd: boolean): void {
    if (atEnd) this.#channelId = channelId;
    else if (this.#channelId === channelId) this.#channelId = null;
    this.look();
  }

  /** Whether the person is looking at the end of that channel now. */
  isReading(channelId: string): boolean {
    return this.#channelId === channelId && this.ports.attentive();
  }

  /** Looks again: something that counts may have changed. */
  look(): void {
    const channelId = this.#channelId;
    if (channelId === null || !this.ports.attentive()) return this.stop();
    const end = this.ports.unreadEnd(channelId);
    if (end === null || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.isReading(channelId)) this.ports.read(channelId, end);
      this.look();
    }, LONG_ENOUGH);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
