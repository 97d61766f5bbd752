/** Somebody came or left. */
export interface Coming {
  readonly userId: string;
  readonly isIn: boolean;
  /** The newest message at that time: the line stands behind it. */
  readonly afterSeq: number;
}

/** Who came and who left between two messages, each in order. */
export interface Comings {
  readonly afterSeq: number;
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

/** More are history that nobody scrolls back to. */
const KEPT = 100;

/** Adds one at the end. Whoever comes and goes between the same two messages leaves no trace. */
export function noteComing(list: readonly Coming[], coming: Coming): readonly Coming[] {
  const undone = list.findLastIndex(({ userId, afterSeq }) => userId === coming.userId && afterSeq === coming.afterSeq);
  const before = list[undone];
  if (before !== undefined) return before.isIn === coming.isIn ? list : list.filter((_, at) => at !== undone);
  return [...list, coming].slice(-KEPT);
}

/** What happened behind the same message, as one line each. */
export function groupComings(list: readonly Coming[]): Comings[] {
  const groups = new Map<number, { joined: string[]; left: string[] }>();
  for (const { userId, isIn, afterSeq } of list) {
    const group = groups.get(afterSeq) ?? { joined: [], left: [] };
    group[isIn ? 'joined' : 'left'].push(userId);
    groups.set(afterSeq, group);
  }
  return [...groups].map(([afterSeq, group]) => ({ afterSeq, ...group }));
}
