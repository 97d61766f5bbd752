// Accessibility, as far as a program can judge it: axe-core over the page as it stands.

import axe from 'axe-core';

import { expect } from './test.mjs';

const STANDARD = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Fail on any violation of WCAG 2.2 AA, naming the elements. */
export async function expectAccessible(page, what) {
  // Colours are judged as they come to rest.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))),
  );
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (values) => window.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] }),
    STANDARD,
  );
  const told = violations.map(({ id, help, nodes }) => ({
    id,
    help,
    nodes: nodes.map((node) => `${node.html} ${node.failureSummary}`),
  }));
  expect(told, what).toEqual([]);
}

/** Fail when the page can be scrolled sideways. */
export async function expectNoSidewaysScroll(page, what) {
  const over = await page.evaluate(() => {
    const root = document.scrollingElement;
    return Math.max(root.scrollWidth - root.clientWidth, document.body.scrollWidth - window.innerWidth);
  });
  expect(over, `${what}: pixels wider than the window`).toBeLessThanOrEqual(0);
}
