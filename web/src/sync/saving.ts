/** How long a change may wait to be saved together with others, in milliseconds. */
const TOGETHER = 500;

/** Collects names of what changed, and saves them together a little later, or at once when the tab is left. */
export class Saving {
  readonly #dirty = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly save: (names: ReadonlySet<string>) => Promise<void>,
    private readonly delay: number = TOGETHER,
  ) {}

  changed(name: string): void {
    this.#dirty.add(name);
    this.#timer ??= setTimeout(() => this.flush(), this.delay);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#dirty.size === 0) return;
    const names = new Set(this.#dirty);
    this.#dirty.clear();
    // What cannot be saved is only a slower start the next time.
    this.save(names).catch(() => undefined);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dirty.clear();
  }
}
