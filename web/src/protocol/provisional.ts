/**
 * The wire as WIRE.md tells it, written by hand. Stands in until `generated.ts` is written from the Rust types;
 * only `protocol/index.ts` imports it.
 */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'INVALID'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'BUSY'
  | 'UNAVAILABLE'
  | 'INTERNAL';

export interface FieldError {
  path: string;
  code: string;
  message: string;
}

export interface Channel {
  id: string;
  name: string | null;
  type: 'public' | 'private';
  direct: boolean;
  topic: string | null;
  users: string[];
  userCount: number;
  unreadCount: number;
  seq: number;
  rev: number;
  readUpTo: number;
  lastMessageAt: number | null;
  role: string | null;
}

export interface Message {
  id: string;
  channelId: string;
  from: string;
  content: string;
  createdAt: number;
  rev: number;
  clientId?: string;
  replyTo?: string;
  editedAt?: number;
  deletedAt?: number;
}

export interface User {
  id: string;
  username: string;
  displayName: string;
  isOnline: boolean;
}

export interface OwnUser {
  id: string;
  username: string;
  displayName: string;
  role: string;
}

export interface Meta {
  name: string;
  version: string;
  webBuild: string;
  signup: 'open' | 'invite' | 'closed';
  empty: boolean;
}
