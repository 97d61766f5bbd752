import { mount } from '@vue/test-utils';
import { describe, expect, test } from 'vitest';

import PresenceDot from './PresenceDot.vue';
import UserAvatar from './UserAvatar.vue';

describe('an avatar', () => {
  const who = { userId: '0192f0c1-0000-7000-8000-000000000000', name: 'Ada', size: 64 as const };

  function dot(props: { online?: boolean | null }) {
    return mount(UserAvatar, {
      props: { ...who, ...props },
      global: { mocks: { $t: (key: string) => key } },
    }).findComponent(PresenceDot);
  }

  test('shows no presence where none is said', () => {
    expect(dot({}).exists()).toBe(false);
    expect(dot({ online: null }).exists()).toBe(false);
  });

  test('shows the presence that is said', () => {
    expect(dot({ online: true }).props('online')).toBe(true);
    expect(dot({ online: false }).props('online')).toBe(false);
  });
});
