// What a program can measure of how a page stands on its screen.

import { expect } from './test.mjs';

/** In the page: everything one presses or writes into that is smaller than a fingertip, beside links within a text. */
function smallTargets(least) {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  return [...document.querySelectorAll('a[href], button, input, select, textarea, [role=menuitem], [role=option]')]
    .filter((one) => shown(one) && !one.closest('.text, .visually-hidden, [inert]') && one.tabIndex !== -2)
    .map((one) => {
      // A control that is drawn small may have a label that is pressed instead.
      const boxes = [one, ...(one.labels ?? [])].map((each) => each.getBoundingClientRect());
      const size = Math.max(...boxes.map((box) => Math.min(box.width, box.height)));
      return { size: Math.round(size), what: one.outerHTML.slice(0, 160) };
    })
    .filter(({ size }) => size > 1 && size < least);
}

/** Fail when something that is pressed is smaller than 44 px, in width or height. */
export async function expectFingerSized(page, what) {
  await expect.poll(() => page.evaluate(smallTargets, 44), { message: `${what}: too small for a finger` }).toEqual([]);
}

/** In the page: texts and controls that stand outside of the window where no scrolling reaches, or that are cut. */
function cutOff() {
  const scrolls = (one, axis) => ['auto', 'scroll'].includes(getComputedStyle(one)[`overflow${axis}`]);
  const inside = (one, axis) => {
    for (let outer = one.parentElement; outer; outer = outer.parentElement) if (scrolls(outer, axis)) return true;
    return false;
  };
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    const words = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
    if (!words && !one.matches('button, input, textarea, a[href]')) continue;
    if (!one.checkVisibility({ visibilityProperty: true }) || one.closest('.visually-hidden, [inert]')) continue;
    const box = one.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1) continue;
    const style = getComputedStyle(one);
    const [left, right] = words && style.textOverflow !== 'ellipsis' ? edgesOfWords(one) : [box.left, box.right];
    const wide = (left < -1 || right > innerWidth + 1) && !inside(one, 'X');
    const high = (box.top < -1 || box.bottom > innerHeight + 1) && !inside(one, 'Y');
    const clipped =
      style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && one.scrollWidth > one.clientWidth + 1;
    if (wide || high || (clipped && !one.matches('textarea'))) found.push(one.outerHTML.slice(0, 160));
  }
  return found;

  /** They may run out of the box that they are in. */
  function edgesOfWords(one) {
    const range = document.createRange();
    range.selectNodeContents(one);
    const { left, right } = range.getBoundingClientRect();
    return [left, right];
  }
}

/** Fail when something is cut off by the window or by what it stands in, and stays so: a dialog may still be coming in. */
export async function expectNothingCutOff(page, what) {
  await expect.poll(() => page.evaluate(cutOff), { message: `${what}: cut off` }).toEqual([]);
}

/** In the page: words that are no texts of ours and were written by nobody: they do not go through i18n. */
function rawTexts() {
  const written = '[dir=auto], .text, time, code, pre, kbd, input, textarea, .visually-hidden [dir=auto]';
  const people = /^\W*(Ada|Ben)\W*$/i;
  // Where the server is, and its name and version, are the same in every language; so are the people of these tests.
  const isRaw = (text) =>
    /\p{L}{2,}/u.test(text) && !text.includes('⟦') && !text.startsWith(location.host) && !people.test(text);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const outer = node.parentElement;
    if (outer.closest(`${written}, script, style, noscript, [data-testid=own-name], .avatar`)) continue;
    if (isRaw(node.data) && !inText(outer)) found.push(node.data.trim());
  }
  for (const name of ['aria-label', 'placeholder', 'title', 'alt', 'aria-description']) {
    for (const one of document.querySelectorAll(`body [${name}]`)) {
      if (isRaw(one.getAttribute(name)) && !one.matches('time, [dir=auto]'))
        found.push(`${name}: ${one.outerHTML.slice(0, 160)}`);
    }
  }
  return found;

  /** A text of ours may hold what somebody wrote, in an element of its own or beside one. */
  function inText(one) {
    for (let outer = one; outer && outer !== document.body; outer = outer.parentElement) {
      if (outer.textContent.includes('⟦') && outer.textContent.length < 300) return true;
      if (outer.matches('li, p, section, header, article, nav, form')) break;
    }
    return false;
  }
}

/** Fail when the page, shown in a made-up language, still has words of a real one. */
export async function expectTranslated(page, what) {
  expect(await page.evaluate(rawTexts), `${what}: not from the texts of the page`).toEqual([]);
}

/** In the page: what moves, or would. */
function motion() {
  const moving = document
    .getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().activeDuration > 1)
    .map(({ effect }) => effect.target.outerHTML.slice(0, 120));
  const smooth = [...document.querySelectorAll('*')].filter((one) => {
    const style = getComputedStyle(one);
    const slow = style.transitionDuration.split(', ').some((time) => Number.parseFloat(time) > 0.001);
    return slow || style.scrollBehavior === 'smooth';
  });
  return [...moving, ...smooth.map((one) => one.outerHTML.slice(0, 120))];
}

/** Fail when something moves by itself or would take its time. */
export async function expectStill(page, what) {
  expect(await page.evaluate(motion), `${what}: moves`).toEqual([]);
}

/** In the page: what has the focus, and whether that, or what it stands in, looks otherwise without. */
async function focusSeen() {
  const one = document.activeElement;
  if (one === document.body) return null;
  const looks = async () => {
    // Even what takes no time takes a frame.
    for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
    const all = [];
    for (let at = one, outer = 0; at !== null && outer < 4; at = at.parentElement, outer += 1) {
      const { outlineStyle, outlineWidth, outlineColor, borderColor, boxShadow } = getComputedStyle(at);
      const hasOutline = outlineStyle !== 'none' && outlineWidth !== '0px';
      all.push(hasOutline ? `${outlineWidth} ${outlineColor}` : '', borderColor, boxShadow);
    }
    return all.join();
  };
  const focused = await looks();
  one.blur();
  const without = await looks();
  one.focus({ focusVisible: true, preventScroll: true });
  window.stops = (window.stops ?? 0) + 1;
  one.dataset.stop ??= String(window.stops);
  return { stop: one.dataset.stop, isSeen: focused !== without, what: one.outerHTML.slice(0, 160) };
}

/** Fail when the focus, moved by Tab to `least` places or more, cannot be seen at one of them. */
export async function expectFocusSeen(page, what, least) {
  const unseen = [];
  const stops = new Set();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(focusSeen);
    // Past the last: the browser's own controls.
    if (focus === null) continue;
    if (stops.has(focus.stop)) break;
    stops.add(focus.stop);
    if (!focus.isSeen) unseen.push(focus.what);
  }
  expect(unseen, `${what}: the focus is not seen`).toEqual([]);
  expect(stops.size, `${what}: places to stop at`).toBeGreaterThanOrEqual(least);
}

/**
 * In the page: where everything stands that has a name for tests, and every icon, seen from the left edge and, turned
 * from right to left, seen from the right one. What a script places is told its direction by the page, not by its style.
 */
export function mirror() {
  const root = document.documentElement;
  const places = (distance) =>
    [...document.querySelectorAll('[data-testid], [data-testid] svg')]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }))
      .filter((one) => !one.closest('.visually-hidden, [role=menu], [role=radiogroup], .code-block, .text'))
      .map((one) => {
        const box = one.getBoundingClientRect();
        const name = one.dataset.testid ?? `icon in ${one.closest('[data-testid]').dataset.testid}`;
        return box.width > 1 && `${name}: ${Math.round(distance(box))} px, ${Math.round(box.width)} wide`;
      });
  const before = places((box) => box.left);
  root.dir = 'rtl';
  const after = places((box) => root.clientWidth - box.right);
  root.dir = 'ltr';
  return [before, after];
}
