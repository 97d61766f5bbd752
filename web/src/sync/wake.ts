/** A tab that was hidden for less was not asleep, in milliseconds. */
const ASLEEP = 30_000;

export interface WakePorts {
  /** The tab was away for a while, or the network came back: what was missed should be fetched. */
  woken(): void;
  /** The network went away: a connection that looks open may be dead already. */
  networkLost(): void;
  /** Whether it is seen or looked at has changed. */
  attention(): void;
  /** The tab may be thrown away now: save what is not saved. */
  leaving(): void;
}

/** Whether the person can see this tab and looks at it. */
export function isAttentive(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

/** Watches the tab's sleep and the network. Returns how to end it. */
export function watchWake(ports: WakePorts, now: () => number = Date.now): () => void {
  const end = new AbortController();
  const { signal } = end;
  let hiddenAt: number | null = document.visibilityState === 'hidden' ? now() : null;

  document.addEventListener(
    'visibilitychange',
    () => {
      ports.attention();
      if (document.visibilityState === 'hidden') {
        hiddenAt = now();
        ports.leaving();
      } else {
        const asleep = hiddenAt !== null && now() - hiddenAt >= ASLEEP;
        hiddenAt = null;
        if (asleep) ports.woken();
      }
    },
    { signal },
  );
  // Back from the freezer, or from the page that was visited in between.
  document.addEventListener('resume', ports.woken, { signal });
  window.addEventListener('pageshow', (event) => event.persisted && ports.woken(), { signal });
  window.addEventListener('online', ports.woken, { signal });
  window.addEventListener('offline', ports.networkLost, { signal });
  window.addEventListener('focus', ports.attention, { signal });
  window.addEventListener('blur', ports.attention, { signal });
  window.addEventListener('pagehide', ports.leaving, { signal });
  return () => end.abort();
}
