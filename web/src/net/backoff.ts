/** Grows from `base` to `cap` by doubling; each wait is drawn from its upper half, so that a crowd spreads out. */
export interface Backoff {
  /** Milliseconds. */
  base: number;
  /** Milliseconds. */
  cap: number;
}

/** How long to wait after that many failures in a row (1 or more), in milliseconds. */
export function backoff({ base, cap }: Backoff, failures: number, random: () => number = Math.random): number {
  const full = Math.min(cap, base * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + random() / 2));
}
