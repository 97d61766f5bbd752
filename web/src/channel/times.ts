const short = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const withYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });

/** The time of day, as the person's language writes it: `09:31`, `9:31 AM`. */
export function timeOfDay(time: number): string {
  return short.format(time);
}

/** The time of day without AM and PM, for the narrow edge beside a message whose group says the rest. */
export function narrowTime(time: number): string {
  return short
    .formatToParts(time)
    .filter((part) => part.type !== 'dayPeriod')
    .map((part) => part.value)
    .join('')
    .trim();
}

/** Day and time in full, for the hint over a time. */
export function fullTime(time: number): string {
  return full.format(time);
}

/** A day that is neither today nor yesterday; with its year once that is another. */
export function dayName(day: number, today: number): string {
  const sameYear = new Date(day).getFullYear() === new Date(today).getFullYear();
  return (sameYear ? weekday : withYear).format(day);
}

/** How many days before today: 0 today, 1 yesterday (23 and 25 hours are days too, twice a year). */
export function daysAgo(day: number, today: number): number {
  return Math.round((today - day) / 86_400_000);
}
