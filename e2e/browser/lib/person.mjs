// Somebody at a browser: what they see and do on the page. Every selector of these tests stands here.

import { expect } from '@playwright/test';

export class Person {
  constructor(page, account) {
    this.page = page;
    this.account = account;
    this.composer = page.getByTestId('composer');
    this.timeline = page.getByTestId('timeline');
    this.messages = page.getByTestId('message');
    this.banner = page.getByTestId('banner');
    this.typing = page.getByTestId('typing');
  }

  /** Wait until a channel is open and its messages are there. */
  async arrived(name) {
    await expect(this.timeline).toHaveAttribute('aria-busy', 'false');
    if (name) await expect(this.page.getByRole('heading', { level: 1 })).toContainText(name);
  }

  /** The row of a channel or conversation in the rail. */
  entry(name) {
    return this.page.getByTestId('channel-item').filter({ hasText: name });
  }

  /** Wait until the rail says that so many messages are unread there. */
  async hasUnread(name, count) {
    await expect(this.entry(name)).toHaveAttribute('data-unread', String(count));
  }

  async goTo(name) {
    await this.entry(name).click();
    await this.arrived(typeof name === 'string' ? name : undefined);
  }

  /** Write a message and send it with Enter. */
  async say(text) {
    await this.composer.fill(text);
    await this.composer.press('Enter');
    await expect(this.composer).toHaveValue('');
  }

  /** Choose "Sign out" in the account menu. */
  async signOut() {
    await this.page.getByTestId('user-menu').click();
    await this.page.getByTestId('sign-out').click();
  }

  message(text) {
    return this.messages.filter({ hasText: text });
  }

  /** Wait until the message is shown once, stored. */
  async reads(text) {
    await expect(this.message(text)).toHaveCount(1);
    await expect(this.message(text)).toHaveAttribute('data-state', 'sent');
  }

  /** Every message in the DOM, in its order. */
  shown() {
    return this.messages.evaluateAll((rows) =>
      rows.map((row) => ({
        seq: Number(row.dataset.seq),
        state: row.dataset.state,
        text: row.querySelector('.text')?.textContent.trim() ?? '',
      })),
    );
  }

  /** Wait until exactly these texts are shown and stored, in any order; returns them as shown. */
  async showsExactly(texts) {
    const wanted = [...texts].sort();
    await expect
      .poll(
        async () =>
          (await this.shown())
            .filter((row) => row.state === 'sent')
            .map((row) => row.text)
            .sort(),
        {
          timeout: 45_000,
        },
      )
      .toEqual(wanted);
    await expect(this.messages).toHaveCount(texts.length);
    return this.shown();
  }

  async createChannel(name, topic, { isPrivate = false } = {}) {
    await this.page.getByTestId('new-channel').click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByTestId('channel-name').fill(name);
    if (topic) await dialog.getByTestId('channel-topic').fill(topic);
    if (isPrivate) await dialog.getByTestId('channel-private').click();
    await dialog.getByTestId('create-channel').click();
    await expect(dialog).toBeHidden();
    await this.arrived(name);
  }

  async joinChannel(name) {
    await this.page.getByTestId('browse-channels').click();
    const browse = this.page.getByTestId('browse');
    await browse.getByTestId('channel-search').fill(name);
    await browse.getByRole('button', { name: `Join ${name}` }).click();
    await browse.getByRole('button', { name: `Open ${name}` }).click();
    await expect(browse).toBeHidden();
    await this.arrived(name);
  }

  /** Start, or go back to, the conversation with these people. */
  async reach(...displayNames) {
    await this.page.getByTestId('new-direct').click();
    await this.choose(...displayNames);
    await this.arrived(displayNames[0]);
  }

  /** In the dialog that asks for people: choose these, and go on. */
  async choose(...displayNames) {
    const dialog = this.page.getByRole('dialog');
    for (const displayName of displayNames) {
      await dialog.getByTestId('people-search').fill(displayName);
      await dialog.getByTestId('user-result').filter({ hasText: displayName }).click();
      await expect(dialog.getByTestId('chosen').filter({ hasText: displayName })).toBeVisible();
    }
    await dialog.getByTestId('people-submit').click();
    await expect(dialog).toBeHidden();
  }

  /** From a channel to the list, on a phone. */
  async back() {
    await this.page.getByRole('link', { name: 'Back to channels' }).click();
  }

  /** From the next page on `window.atFirst` is what the root says of itself before anything is painted. */
  async noteFirst() {
    await this.page.addInitScript(() => {
      // Nothing is painted without a body, and of the page's scripts only those before it have run.
      new MutationObserver((_, observer) => {
        if (!document.body) return;
        window.atFirst = { ...document.documentElement.dataset };
        observer.disconnect();
      }).observe(document, { childList: true, subtree: true });
    });
  }

  /** The browser is in front and the person looks at it. */
  async looks() {
    await this.page.bringToFront();
  }

  async reload() {
    await this.page.reload();
    await this.arrived();
  }
}
