import { LIMITS } from '../protocol';

/**
 * The rules of names, as the server holds them: said while typing, so that
 * the server's refusal is the exception. The server alone decides what is taken.
 */
export type NameProblem =
  | { rule: 'tooShort'; n: number }
  | { rule: 'tooLong'; n: number }
  | { rule: 'usernameCharacters' }
  | { rule: 'channelCharacters' }
  | { rule: 'innerSpaces' };

/** What is wrong with a display name that was typed at all, or null. */
export function displayNameProblem(name: string): NameProblem | null {
  return lengthProblem(name.normalize('NFKC'), LIMITS.displayName);
}

/** What is wrong with a username, or null. */
export function usernameProblem(typed: string): NameProblem | null {
  const name = typed.normalize('NFKC');
  if (/[^\p{L}\p{M}\p{N}._-]/u.test(name)) return { rule: 'usernameCharacters' };
  return lengthProblem(name, LIMITS.username);
}

/** What is wrong with the name of a channel, or null. */
export function channelNameProblem(typed: string): NameProblem | null {
  const name = typed.normalize('NFKC');
  if (/[^\p{L}\p{M}\p{N} ._-]/u.test(name)) return { rule: 'channelCharacters' };
  if (/^ | $| {2}/.test(name)) return { rule: 'innerSpaces' };
  return lengthProblem(name, LIMITS.channelName);
}

/** What is wrong with a password, or null. */
export function passwordProblem(password: string): NameProblem | null {
  return lengthProblem(password, LIMITS.password);
}

/** Length in Unicode scalar values, as the server counts. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

function lengthProblem(text: string, { min, max }: { min: number; max: number }): NameProblem | null {
  const length = lengthOf(text);
  if (length < min) return { rule: 'tooShort', n: min };
  if (length > max) return { rule: 'tooLong', n: max };
  return null;
}
