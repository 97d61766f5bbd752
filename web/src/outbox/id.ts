let last = 0;
let count = 0;

/**
 * A UUID version 7 (RFC 9562, 5.7), greater than the one made before it in this tab.
 * `crypto.randomUUID` does not exist on plain HTTP, `getRandomValues` does.
 */
export function newId(now: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // The clock may stand still or go back: the 12 bits after the time then count on, and carry into it.
  if (now > last) {
    last = now;
    count = bytes[6] ?? 0;
  } else if (++count > 0xfff) {
    last += 1;
    count = 0;
  }
  const time = last.toString(16).padStart(12, '0');
  const counter = count.toString(16).padStart(3, '0');
  const variant = (0x80 | ((bytes[8] ?? 0) & 0x3f)).toString(16);
  const rest = Array.from(bytes.subarray(9), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${variant}${rest.slice(0, 2)}-${rest.slice(2)}`;
}
