import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');
const [light = '', dark = ''] = css.split(":root[data-theme='dark']");
const colour = (theme: string, name: string): string =>
  new RegExp(`--${name}: (#[0-9a-f]{3,6});`).exec(theme)?.[1] ?? colour(light, name);

/** As WCAG 2.2 defines it. */
function luminance(hex: string): number {
  const digits = hex.length === 4 ? Array.from(hex.slice(1), (one) => one + one) : (hex.slice(1).match(/../g) ?? []);
  const [red = 0, green = 0, blue = 0] = digits
    .map((pair) => Number.parseInt(pair, 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

it.each([
  ['light', light],
  ['dark', dark],
])('what the pointer is on, or what is chosen, stands out from a raised ground (%s)', (_, theme) => {
  const chosen = colour(theme, 'hover-raised');
  expect(contrast(chosen, colour(theme, 'raised'))).toBeGreaterThan(1.1);
  for (const text of ['text', 'text-2', 'text-3']) expect(contrast(chosen, colour(theme, text))).toBeGreaterThan(4.5);
});
