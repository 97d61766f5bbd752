// Waiting for a condition instead of a time.

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Wait until `look` returns something true, and return that. Gives up with what was waited for and, where `detail` is
 * given, what there was instead.
 */
export async function until(what, look, { within = 20_000, every = 20, detail } = {}) {
  const end = Date.now() + within;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) {
      const instead = detail ? `\ninstead: ${JSON.stringify(await detail(), null, 1)}` : '';
      throw new Error(`waited in vain for: ${what}${instead}`);
    }
    await pause(every);
  }
}
