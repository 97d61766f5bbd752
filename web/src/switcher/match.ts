/** Where the letters of a query were found in a text, and how good a find that is. */
export interface Match {
  score: number;
  /** Indices into the text's characters (code points), ascending. */
  at: readonly number[];
}

/** At the very beginning, at the beginning of a word, right behind the letter before; each skipped letter costs. */
const START = 12;
const WORD = 8;
const NEXT = 6;
const SKIP = 0.25;
/** More than that is no name that somebody types. */
const MAX = 64;

/**
 * Finds the letters of a query in a text, in order but not necessarily together, at the place where they fit best.
 * Neither case nor accents matter. Null: they are not all there.
 */
export function match(query: string, text: string): Match | null {
  const wanted = fold(query).filter((letter) => letter.trim() !== '');
  const letters = fold(text).slice(0, MAX);
  if (wanted.length === 0) return { score: 0, at: [] };
  if (wanted.length > letters.length) return null;

  /** Per query letter: the best score that ends with it at that place, and from which place it came. */
  let scores: (number | null)[] = [];
  const from: number[][] = [];
  for (const [n, letter] of wanted.entries()) {
    const next: (number | null)[] = [];
    const came: number[] = [];
    let best: number | null = null;
    let bestAt = -1;
    for (const [at, here] of letters.entries()) {
      // The best of all places before this one; a place loses as the gap behind it grows.
      const before = n === 0 ? null : (scores[at - 1] ?? null);
      if (best !== null) best -= SKIP;
      if (before !== null && (best === null || before >= best)) [best, bestAt] = [before, at - 1];
      if (here !== letter || (n > 0 && best === null)) {
        next.push(null);
        came.push(-1);
        continue;
      }
      const follows = n > 0 && before !== null ? before + NEXT : null;
      const jumps = (n === 0 ? -at * SKIP : (best ?? 0)) + placeBonus(letters, at);
      const isNext = follows !== null && follows >= jumps;
      next.push(isNext ? follows : jumps);
      came.push(isNext ? at - 1 : bestAt);
    }
    scores = next;
    from.push(came);
  }
  return trace(scores, from, letters.length);
}

function placeBonus(letters: readonly string[], at: number): number {
  if (at === 0) return START;
  return /[\p{L}\p{N}]/u.test(letters[at - 1] ?? '') ? 0 : WORD;
}

function trace(scores: readonly (number | null)[], from: readonly number[][], length: number): Match | null {
  let end = -1;
  let score = -Infinity;
  for (const [at, found] of scores.entries()) if (found !== null && found > score) [end, score] = [at, found];
  if (end < 0) return null;
  const at: number[] = [];
  for (let n = from.length - 1; n >= 0; n--) {
    at.unshift(end);
    end = from[n]?.[end] ?? -1;
  }
  // Of two equal finds the shorter text is the one that was meant.
  return { score: score - length / 100, at };
}

/** The base letters of a text, one for each of its characters. */
function fold(text: string): string[] {
  return [...text].map((letter) => [...letter.normalize('NFKD').toLowerCase()][0] ?? letter);
}
