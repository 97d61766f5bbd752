import type { ChannelMember, Role } from '../protocol';

/** Somebody as a member of a channel, as far as it is told while one looks on. */
export interface Member {
  readonly id: string;
  readonly role: Role;
  /** The place up to which they have read; 0: nothing. */
  readonly readUpTo: number;
}

/** Who is in a channel. A value: `reduceMembers` makes the next one. */
export interface Members {
  readonly byId: ReadonlyMap<string, Member>;
  /** Everybody is known; else the pages behind `last` are missing. */
  readonly complete: boolean;
  /** The last person of the pages that were read. */
  readonly last: string | null;
}

export type MembersAction =
  /** A page of the list; `first`: it begins anew. */
  | { type: 'page'; rows: readonly ChannelMember[]; first: boolean; more: boolean }
  | { type: 'came'; userId: string }
  | { type: 'left'; userId: string }
  /** How far people have read; of those who are not known here it is not kept. */
  | { type: 'read'; marks: ReadonlyMap<string, number> };

export const NOBODY: Members = { byId: new Map(), complete: false, last: null };

/** The next state; the same object if nothing changed. */
export function reduceMembers(members: Members, action: MembersAction): Members {
  switch (action.type) {
    case 'page': {
      const byId = new Map(action.first ? [] : members.byId);
      for (const { id, role, readUpTo } of action.rows) {
        // A mark that was told meanwhile is never taken back.
        byId.set(id, { id, role, readUpTo: Math.max(readUpTo, members.byId.get(id)?.readUpTo ?? 0) });
      }
      return { byId, complete: !action.more, last: action.rows.at(-1)?.id ?? (action.first ? null : members.last) };
    }
    case 'came': {
      if (members.byId.has(action.userId)) return members;
      const member: Member = { id: action.userId, role: 'member', readUpTo: 0 };
      return { ...members, byId: new Map(members.byId).set(action.userId, member) };
    }
    case 'left': {
      if (!members.byId.has(action.userId)) return members;
      const byId = new Map(members.byId);
      byId.delete(action.userId);
      return { ...members, byId };
    }
    case 'read': {
      const raised = [...action.marks].flatMap(([userId, mark]) => {
        const member = members.byId.get(userId);
        return member !== undefined && mark > member.readUpTo ? [{ ...member, readUpTo: mark }] : [];
      });
      if (raised.length === 0) return members;
      const byId = new Map(members.byId);
      for (const member of raised) byId.set(member.id, member);
      return { ...members, byId };
    }
  }
}

/** Who of the others has read up to that message. */
export function seenBy(members: Members, seq: number, self: string): string[] {
  return [...members.byId.values()].filter(({ id, readUpTo }) => id !== self && readUpTo >= seq).map(({ id }) => id);
}
