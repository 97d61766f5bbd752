/** What a signed-in device is, as far as it told. */
export interface Device {
  /** The browser or program, by its own name; null: it told nothing that is known here. */
  program: string | null;
  system: string | null;
  /** Held in a hand. */
  mobile: boolean;
}

/** The first that is found names it: many browsers claim to be others as well. */
const PROGRAMS: readonly [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** Reads a `User-Agent`. */
export function deviceOf(agent: string): Device {
  const find = (known: readonly [RegExp, string][]): string | null =>
    known.find(([pattern]) => pattern.test(agent))?.[1] ?? null;
  const system = find(SYSTEMS);
  // A program that is no browser begins with its own name: `curl/8.5.0`.
  const program = find(PROGRAMS) ?? (agent.startsWith('Mozilla/') ? null : (/^[\w.-]{1,32}/.exec(agent)?.[0] ?? null));
  return { program, system, mobile: /\bMobile\b|\biPhone\b|\biPad\b|\bAndroid\b/.test(agent) };
}
