import { readonly, ref } from 'vue';

/** The start of a day in the person's time zone, in milliseconds since the epoch. */
export function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

const day = ref(startOfDay(Date.now()));

/** Today's start; moves at midnight, so that "Today" becomes "Yesterday" on a page that stays open. */
export const today = readonly(day);

// Timers sleep with the machine: look again whenever the page comes back.
setInterval(look, 20_000);
addEventListener('visibilitychange', look);

function look(): void {
  day.value = startOfDay(Date.now());
}
