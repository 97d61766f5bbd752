import type { Member } from '../members/members';

/** A line of the list of members. */
export type PanelRow =
  | { kind: 'heading'; key: string; title: 'online' | 'offline'; count: number }
  | { kind: 'member'; key: string; id: string; owner: boolean };

interface Person {
  name: string;
  /** Null: nobody can tell. */
  online: boolean | null;
}

/**
 * The lines of a list of members: who is here, then who is not, each by name. Where nobody can tell, and where not
 * everybody is known yet, there is one list: a number in a heading would be wrong.
 */
export function panelRows(
  members: Iterable<Member>,
  complete: boolean,
  person: (userId: string) => Person,
  collator: Intl.Collator,
): PanelRow[] {
  const all = [...members].map((member) => ({ ...member, ...person(member.id) }));
  all.sort((a, b) => collator.compare(a.name, b.name) || (a.id < b.id ? -1 : 1));
  const rows = (some: typeof all): PanelRow[] =>
    some.map(({ id, role }) => ({ kind: 'member', key: id, id, owner: role === 'owner' }));
  const heading = (title: 'online' | 'offline', count: number): PanelRow[] =>
    count === 0 ? [] : [{ kind: 'heading', key: title, title, count }];

  if (!complete || all.some(({ online }) => online === null)) return rows(all);
  const here = all.filter(({ online }) => online === true);
  const away = all.filter(({ online }) => online !== true);
  return [...heading('online', here.length), ...rows(here), ...heading('offline', away.length), ...rows(away)];
}
