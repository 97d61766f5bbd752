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

/** A channel, who is in it, or one of its messages. */
const IN_CHANNEL = /^\/c\/[\w-]+(?:\/(?:members|\d{1,15}))?$/;

/** Where a link to a channel or message of this server leads within the page; null for every other link. */
export function ownPath(href: string): string | null {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return null;
  }
  const isOwn = url.origin === location.origin && url.search === '' && url.hash === '';
  return isOwn && IN_CHANNEL.test(url.pathname) ? url.pathname : null;
}

/** Where somebody goes who has just signed in: the link they came by if it is a channel or message of ours, else home. */
export function afterSignIn(next: LocationQueryValue | LocationQueryValue[] | undefined): RouteLocationRaw {
  return typeof next === 'string' && IN_CHANNEL.test(next) ? next : { name: ROUTE.home };
}
