const key = (userId: string): string => `hearth:last:${userId}`;

/** The channel that this person had open last on this device, or null. */
export function lastChannel(userId: string): string | null {
  try {
    return localStorage.getItem(key(userId));
  } catch {
    return null;
  }
}

/** Remembers the channel that is open. */
export function rememberChannel(userId: string, channelId: string): void {
  try {
    localStorage.setItem(key(userId), channelId);
  } catch {
    // Without storage the next visit begins in General.
  }
}
