import { computed } from 'vue';

import { formatLocale } from '../i18n';

const format = (options: Intl.DateTimeFormatOptions) =>
  computed(() => new Intl.DateTimeFormat(formatLocale.value, options));
const short = format({ timeStyle: 'short' });
const full = format({ dateStyle: 'full', timeStyle: 'short' });
const weekday = format({ weekday: 'long', day: 'numeric', month: 'long' });
const withYear = format({ day: 'numeric', month: 'long', year: 'numeric' });
const relative = computed(() => new Intl.RelativeTimeFormat(formatLocale.value, { numeric: 'auto', style: 'short' }));

/** The time of day, as the person's language writes it: `09:31`, `9:31 AM`. */
export function timeOfDay(time: number): string {
  return short.value.format(time);
}

/** The time of day without AM and PM, for the narrow edge beside a message whose group says the rest. */
export function narrowTime(time: number): string {
  return short.value
    .formatToParts(time)
    .filter((part) => part.type !== 'dayPeriod')
    .map((part) => part.value)
    .join('')
    .trim();
}

/** Day and time in full, for the hint over a time. */
export function fullTime(time: number): string {
  return full.value.format(time);
}

/** A day that is neither today nor yesterday; with its year once that is another. */
export function dayName(day: number, today: number): string {
  const sameYear = new Date(day).getFullYear() === new Date(today).getFullYear();
  return (sameYear ? weekday : withYear).value.format(day);
}

/** How many days before today: 0 today, 1 yesterday (23 and 25 hours are days too, twice a year). */
export function daysAgo(day: number, today: number): number {
  return Math.round((today - day) / 86_400_000);
}

/** How long ago, in the largest unit that is full: `now`, `2 hr. ago`, `yesterday`. */
export function sinceThen(time: number, now: number): string {
  const minutes = Math.max(0, Math.floor((now - time) / 60_000));
  if (minutes === 0) return relative.value.format(0, 'second');
  if (minutes < 60) return relative.value.format(-minutes, 'minute');
  if (minutes < 24 * 60) return relative.value.format(-Math.floor(minutes / 60), 'hour');
  return relative.value.format(-Math.floor(minutes / (24 * 60)), 'day');
}
