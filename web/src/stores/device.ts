import { defineStore } from 'pinia';
import { ref } from 'vue';

/** What this browser does for whoever is signed in. */
export const useDeviceStore = defineStore('device', () => {
  /** What is written stays here until it is sent, over a reload too; false where there is no storage, or no room in it. */
  const keeps = ref(true);

  /** For `live.ts`. */
  function setKeeps(now: boolean): void {
    keeps.value = now;
  }
  /** For `live.ts`: somebody else may sign in next. */
  function reset(): void {
    keeps.value = true;
  }

  return { keeps, setKeeps, reset };
});
