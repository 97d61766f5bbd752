import { expect, test } from 'vitest';

import { joinTabs } from './tabs';

test('a tab that has left tells nothing, and whatever ends only then does not fail by it', async () => {
  const heard: string[] = [];
  const other = joinTabs('left', (note) => heard.push(note.type));
  const tabs = joinTabs('left', () => undefined);
  tabs.tell({ type: 'outbox' });
  await expect.poll(() => heard).toStrictEqual(['outbox']);
  tabs.close();
  expect(() => tabs.tell({ type: 'outbox' })).not.toThrow();
  other.close();
});
