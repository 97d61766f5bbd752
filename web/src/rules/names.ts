/**
 * The rules of names, as the server holds them (WIRE.md, "Usernames … Channel names …"): said while typing, so that
 * the server's refusal is the exception. The server alone decides what is taken.
 */
export type NameProblem =
  | { rule: 'tooShort'; n: number }
  | { rule: 'tooLong'; n: number }
  | { rule: 'usernameCharacters' }
  | { rule: 'channelCharacters' }
  | { rule: 'innerSpaces' };

const MIN = 2;
const MAX = 32;
const PASSWORD_MIN = 8;
const PASSWORD_MAX = 128;

/** What is wrong with a username, or null. */
export function usernameProblem(name: string): NameProblem | null {
  if (/[^\p{L}\p{M}\p{N}._-]/u.test(name)) return { rule: 'usernameCharacters' };
  return lengthProblem(name, MIN, MAX);
}

/** What is wrong with the name of a channel, or null. */
export function channelNameProblem(name: string): NameProblem | null {
  if (/[^\p{L}\p{M}\p{N} ._-]/u.test(name)) return { rule: 'channelCharacters' };
  if (/^ | $| {2}/.test(name)) return { rule: 'innerSpaces' };
  return lengthProblem(name, MIN, MAX);
}

/** What is wrong with a password, or null. */
export function passwordProblem(password: string): NameProblem | null {
  return lengthProblem(password, PASSWORD_MIN, PASSWORD_MAX);
}

/** Length in Unicode scalar values, as the server counts. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

function lengthProblem(text: string, min: number, max: number): NameProblem | null {
  const length = lengthOf(text);
  if (length < min) return { rule: 'tooShort', n: min };
  if (length > max) return { rule: 'tooLong', n: max };
  return null;
}
