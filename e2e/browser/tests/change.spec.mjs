// Changing what was said: editing and deleting in place, and what cannot be sent.

import { command, fill } from '../../harness/command.mjs';
import { expect, test } from '../lib/test.mjs';
import { PHONE } from '../lib/walk.mjs';

const editor = (person) => person.page.getByTestId('edit-text');

test('↑ in the empty composer edits the last own message in place, and others see it live', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.say('teh first');
  await ben.reads('teh first');
  await ben.say('in between');
  await ada.reads('in between');

  await ada.composer.press('ArrowUp');
  await expect(editor(ada)).toBeFocused();
  await expect(editor(ada)).toHaveValue('teh first');
  await ada.page.keyboard.press('Escape');
  await expect(editor(ada)).toHaveCount(0);
  await expect(ada.composer).toBeFocused();

  await ada.composer.press('ArrowUp');
  await editor(ada).fill('the **first**');
  await editor(ada).press('Enter');
  await expect(editor(ada)).toHaveCount(0);
  await expect(ada.composer).toBeFocused();
  for (const person of [ada, ben]) {
    await expect(person.message('the first')).toContainText('edited');
    await expect(person.message('the first').locator('strong')).toHaveText('first');
    await expect(person.messages).toHaveCount(2);
  }
  await ben.reload();
  await expect(ben.message('the first')).toContainText('edited');
  // With something written, the arrow only moves the caret.
  await ada.composer.fill('draft');
  await ada.composer.press('ArrowUp');
  await expect(editor(ada)).toHaveCount(0);
});

test('deleting asks first and leaves a tombstone, for everybody at once', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.say('to be forgotten');
  await ben.reads('to be forgotten');
  await ada.message('to be forgotten').hover();
  await ada.page.getByTestId('delete-message').click();
  await ada.page.getByTestId('keep-message').click();
  await expect(ada.message('to be forgotten')).toHaveCount(1);

  await ada.message('to be forgotten').hover();
  await ada.page.getByTestId('delete-message').click();
  await expect(ada.page.getByRole('dialog')).toContainText('to be forgotten');
  await ada.page.getByTestId('confirm-delete').click();
  for (const person of [ada, ben]) {
    await expect(person.page.getByTestId('tombstone')).toBeVisible();
    await expect(person.message('to be forgotten')).toHaveCount(0);
  }
  await ada.messages.first().hover();
  await expect(ada.page.getByTestId('message-actions')).toHaveCount(0);
});

test('what can be done with a message is at hand wherever one points at it', async ({ enter }) => {
  const ada = await enter('ada');
  await ada.say(Array.from({ length: 60 }, (_, n) => `line ${n}`).join('\n'));
  await ada.say('a short one');
  await expect(ada.messages).toHaveCount(2);
  const timeline = await ada.timeline.boundingBox();
  // Its first line is far above, its last one in view.
  await ada.page.mouse.move(timeline.x + 300, timeline.y + 200);
  const actions = ada.page.getByTestId('message-actions');
  await expect(actions).toBeVisible();
  expect((await actions.boundingBox()).y).toBeGreaterThanOrEqual(timeline.y);
  await ada.page.getByTestId('edit-message').click();
  await expect(editor(ada)).toHaveValue(/^line 0\n/);
  await editor(ada).press('Escape');
  await ada.messages.last().hover();
  const [bar, row] = [await actions.boundingBox(), await ada.messages.last().boundingBox()];
  expect(bar.y, 'over the upper edge of what fits').toBeLessThan(row.y);
  expect(bar.y + bar.height).toBeGreaterThan(row.y);
});

test('by keyboard: the arrows move among messages, E edits, Del deletes', async ({ enter }) => {
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ben.say('by ben');
  await ada.reads('by ben');
  await ada.say('own words');
  await ada.reads('own words');
  await ada.message('own words').focus();
  await ada.page.keyboard.press('ArrowUp');
  await expect(ada.message('by ben')).toBeFocused();
  await ada.page.keyboard.press('ArrowDown');
  await ada.page.keyboard.press('e');
  await editor(ada).fill('own words, changed');
  await ada.page.keyboard.press('Enter');
  await expect(ada.message('own words, changed')).toBeFocused();
  await ben.reads('own words, changed');
  await ada.page.keyboard.press('Delete');
  await ada.page.getByTestId('confirm-delete').click();
  await expect(ada.page.getByTestId('tombstone')).toBeVisible();
  await expect(ada.messages.last()).toBeFocused();
});

test('one edits one’s own only; the owner of a channel deletes what others wrote there', async ({ enter }) => {
  const olga = await enter('olga');
  const ada = await enter('ada');
  const ben = await enter('ben');
  await ada.createChannel('Adas');
  await ben.joinChannel('Adas');
  await ben.say('by ben');
  await ada.reads('by ben');
  await ada.say('by ada');
  await ben.reads('by ada');

  await ben.message('by ada').hover();
  await expect(ben.page.getByTestId('message-actions').getByRole('button')).toHaveText(['']);
  await expect(ben.page.getByTestId('copy-link')).toBeVisible();
  await ada.message('by ben').hover();
  await expect(ada.page.getByTestId('delete-message')).toBeVisible();
  await expect(ada.page.getByTestId('edit-message')).toHaveCount(0);
  await ada.page.getByTestId('delete-message').click();
  await ada.page.getByTestId('confirm-delete').click();
  await expect(ben.page.getByTestId('tombstone')).toBeVisible();
  await expect(olga.composer).toBeVisible();
});

test('what cannot be edited says why, and the new text stays', async ({ enter, layLine, server }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const [general] = await command(server, ada.account.cookie, 'channel:list', {});
  await ada.say('before');
  await ada.reads('before');
  await ada.composer.press('ArrowUp');
  await editor(ada).fill('after');
  line.cut();
  await expect(ada.banner).toBeVisible();
  await editor(ada).press('Enter');
  await expect(ada.page.getByTestId('edit-problem')).toContainText('No connection');
  await expect(editor(ada)).toHaveValue('after');

  // Meanwhile another device deletes it.
  await command(server, ada.account.cookie, 'message:delete', { channelId: general.id, messageId: '1' });
  line.mend();
  await expect(ada.banner).toBeHidden();
  await editor(ada).press('Enter');
  await expect(ada.page.getByTestId('edit-problem')).toContainText('This message was deleted');
  await expect(editor(ada)).toHaveValue('after');
  await ada.page.getByTestId('edit-cancel').click();
  await expect(ada.page.getByTestId('tombstone')).toBeVisible();
});

test('an edit and a deletion that were missed are there after coming back', async ({ enter, layLine, server }) => {
  const line = await layLine();
  const ada = await enter('ada');
  const ben = await enter('ben', { line });
  const [general] = await command(server, ada.account.cookie, 'channel:list', {});
  await fill(server, ada.account.cookie, general.id, ['one', 'two', 'three']);
  await ben.reads('three');
  line.cut();
  await expect(ben.banner).toBeVisible();
  const { id: channelId } = general;
  await command(server, ada.account.cookie, 'message:edit', { channelId, messageId: '1', content: 'one, edited' });
  await command(server, ada.account.cookie, 'message:delete', { channelId, messageId: '2' });
  line.mend();
  await ben.reads('one, edited');
  await expect(ben.page.getByTestId('tombstone')).toHaveCount(1);
});

test('on a phone there is one field at a time: the composer comes back when a message is edited no more', async ({
  enter,
}) => {
  const ada = await enter('ada', PHONE);
  await ada.say('a word');
  await ada.reads('a word');
  for (const end of ['edit-save', 'edit-cancel']) {
    await ada.message('a word').tap();
    await ada.page.getByTestId('edit-message').tap();
    await expect(editor(ada)).toBeFocused();
    await expect(ada.composer).toBeHidden();
    const [save, cancel] = await Promise.all(
      ['edit-save', 'edit-cancel'].map((one) => ada.page.getByTestId(one).boundingBox()),
    );
    expect(save.y, 'in one row').toBe(cancel.y);
    await ada.page.getByTestId(end).tap();
    await expect(ada.composer).toBeVisible();
  }
  await ada.composer.press('ArrowUp');
  await expect(editor(ada)).toBeFocused();
  await editor(ada).press('Escape');
  await expect(ada.composer).toBeFocused();
});

/** By keyboard: delete that message, and answer the question. */
async function takeBack(person, text) {
  await person.message(text).focus();
  await person.page.keyboard.press('Delete');
  await person.page.getByTestId('confirm-delete').click();
}

/** ↑ in the empty composer, then that text instead. */
async function putRight(person, before, after) {
  await person.composer.press('ArrowUp');
  await expect(editor(person)).toHaveValue(before);
  await editor(person).fill(after);
  await editor(person).press('Enter');
  await expect(editor(person)).toHaveCount(0);
}

test('what waits to be sent can be changed and taken back: nobody sees what it was', async ({ enter, layLine }) => {
  const line = await layLine();
  const ada = await enter('ada', { line });
  const ben = await enter('ben');
  await ada.say('stored');
  await ada.reads('stored');
  line.refuseSockets();
  for (const text of ['first', 'second', 'thrid']) await ada.say(text);
  await putRight(ada, 'thrid', 'third');
  await takeBack(ada, 'second');
  await expect(ada.message('second')).toHaveCount(0);
  await expect(ada.message('third')).toHaveAttribute('data-state', 'pending');
  await ada.page.reload();
  await ada.arrived();
  await expect(ada.message('third')).toHaveAttribute('data-state', 'pending');
  line.mend();
  for (const person of [ada, ben]) {
    const shown = await person.showsExactly(['stored', 'first', 'third']);
    expect(shown.map((row) => row.seq)).toEqual([1, 2, 3]);
    await expect(person.page.getByText('edited')).toHaveCount(0);
  }
});

for (const [name, hold, letGo] of [
  ['what is on its way is changed or deleted once its answer is there', 'holdAnswers', 'release'],
  ['what was sent and has lost its answer is changed or deleted all the same, and stored once', 'loseAnswers', 'mend'],
]) {
  test(name, async ({ enter, layLine }) => {
    const line = await layLine();
    const ada = await enter('ada', { line });
    const ben = await enter('ben');
    await ben.say('before');
    await ada.reads('before');

    line[hold]();
    await ada.say('teh first');
    await ben.reads('teh first');
    await expect(ada.message('teh first')).toHaveAttribute('data-state', 'pending');
    await putRight(ada, 'teh first', 'the first');
    await expect(ada.message('the first')).toHaveAttribute('data-state', 'pending');
    line[letGo]();
    for (const person of [ada, ben]) {
      await expect(person.message('the first')).toContainText('edited');
      await expect(person.messages).toHaveCount(2);
    }
    await expect(ada.message('the first')).toHaveAttribute('data-state', 'sent');

    line[hold]();
    await ada.say('regretted');
    await ben.reads('regretted');
    await takeBack(ada, 'regretted');
    await expect(ada.message('regretted')).toHaveCount(0);
    line[letGo]();
    for (const person of [ada, ben]) {
      await expect(person.page.getByTestId('tombstone')).toHaveCount(1);
      await expect(person.messages).toHaveCount(3);
    }
    await ada.reload();
    await expect(ada.messages).toHaveCount(3);
    await expect(ada.message('the first')).toContainText('edited');
  });
}
