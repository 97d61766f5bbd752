import type { LocationQueryValue, RouteLocationRaw } from 'vue-router';

/** Names of the routes, so that no path is written twice. */
export const ROUTE = {
  signIn: 'signin',
  signUp: 'signup',
  /** Goes on to the channel that was open last, else to General. */
  home: 'home',
  /** The list alone, on a phone. */
  list: 'list',
  channel: 'channel',
  /** A channel, opened at one of its messages. */
  message: 'message',
  /** Who is in a channel: a page of its own on a phone. */
  members: 'members',
  /** Every channel that one is in or could join. */
  browse: 'browse',
  settings: 'settings',
} as const;

/** The sections of the settings, in their order. */
export const SETTINGS = ['profile', 'appearance', 'password', 'sessions'] as const;
export type SettingsSection = (typeof SETTINGS)[number];

/** The route of a channel. */
export function toChannel(channelId: string): RouteLocationRaw {
  return { name: ROUTE.channel, params: { channelId } };
}

/** The route of a message. */
export function toMessage(channelId: string, seq: number): RouteLocationRaw {
  return { name: ROUTE.message, params: { channelId, messageId: String(seq) } };
}

/** Where somebody goes who has just signed in: the link they came by if it is a channel or message of ours, else home. */
export function afterSignIn(next: LocationQueryValue | LocationQueryValue[] | undefined): RouteLocationRaw {
  return typeof next === 'string' && /^\/c\/[\w-]+(?:\/(?:members|\d+))?$/.test(next) ? next : { name: ROUTE.home };
}
