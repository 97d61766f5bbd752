/** What a signed-in device is, as far as it told. */
export interface Device {
  /** The browser or program, by its own name; null: it told nothing that is known here. */
  program: string | null;
  system: string | null;
  /** What stands on a desk, lies in a hand or on a lap; null: it told neither, as a program does. */
  form: 'computer' | 'tablet' | 'phone' | null;
}

/** The first that is found names it: many browsers claim to be others as well. */
const PROGRAMS: readonly [RegExp, string][] = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'],
  [/\bOP(?:R|T|X)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(?:DuckDuckGo|Ddg)\//, 'DuckDuckGo'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b|\biPod\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bKAIOS\b/, 'KaiOS'],
  [/\bWindows Phone\b/, 'Windows Phone'],
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
  return { program, system, form: formOf(agent, system) };
}

/** Browsers say `Mobile` on phones; on tablets those of Android leave it out, and others say so. */
function formOf(agent: string, system: string | null): Device['form'] {
  if (/\bTablet\b|\biPad\b/.test(agent)) return 'tablet';
  if (/\bMobile\b|\biPhone\b|\biPod\b/.test(agent)) return 'phone';
  if (system === 'Android') return 'tablet';
  return system === null ? null : 'computer';
}
