import { backoff } from '../net/backoff';
import { done, type Outcome } from '../net/outcome';
import { LIMITS, type Channel, type ChannelUpdate, type Commands, type ServerEvent, type Synced } from '../protocol';
import { fromWire } from '../timeline/stored';
import { dispatch } from './dispatch';
import type { World } from './world';

export interface SyncPorts {
  world: World;
  connected(): boolean;
  sync(payload: Commands['message:sync']['payload']): Promise<Outcome<Commands['message:sync']['reply']>>;
  /** Which database of the server is known here. */
  epoch(): string | null;
  setEpoch(epoch: string): void;
  /** All that there is was asked for, and applied. */
  finished(): void;
  /** A connection that is up does not answer. */
  silent(): void;
}

const WAIT = { base: 1_000, cap: 30_000 };
/** A channel that is not known here: more than any rev, so that the answer describes it and holds no messages. */
const BEYOND = Number.MAX_SAFE_INTEGER;

/** Events about what an answer to a sync describes as well, and that carry no number to tell which is newer. */
const DESCRIBES = new Set<ServerEvent['name']>([
  'channel:created',
  'channel:joined',
  'channel:updated',
  'channel:left',
  'member:joined',
  'member:left',
]);

/**
 * Fetches what was missed. Live events are on before it begins, so that nothing falls between; it is asked for on
 * every connect, on waking up, and whenever something turns out to be missing.
 */
export class Sync {
  #running = false;
  #wanted = false;
  #failures = 0;
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ports: SyncPorts) {}

  /** Asks for a sync; while one runs, for another after it. */
  request(): void {
    this.#wanted = true;
    if (!this.#running && this.#timer === undefined) void this.#run();
  }

  /** Takes in what the server told, and asks for what it leaves open. */
  hear(event: ServerEvent): void {
    if (dispatch(this.ports.world, event)) this.request();
    else if (DESCRIBES.has(event.name)) this.moved();
  }

  /** A channel is not as it was: an answer that was read before that, and comes after it, is asked for once more. */
  moved(): void {
    if (this.#running) this.#wanted = true;
  }

  /** The connection is new: what was going on belongs to the one before. */
  restart(): void {
    this.#generation += 1;
    this.#running = false;
    this.#failures = 0;
    this.#clear();
    // What was told before any answer said of which database it was may be of another one than this.
    if (this.ports.epoch() === null && this.ports.world.cursors().size > 0) this.ports.world.dropCache();
    this.request();
  }

  stop(): void {
    this.#generation += 1;
    this.#running = false;
    this.#wanted = false;
    this.#clear();
  }

  async #run(): Promise<void> {
    const generation = this.#generation;
    const current = (): boolean => generation === this.#generation;
    this.#running = true;
    this.#wanted = false;
    const outcome = await this.#pass(current);
    if (!current()) return;
    this.#running = false;
    if (!this.ports.connected()) return;

    if (!outcome.ok && outcome.failure.code === 'NETWORK') return this.ports.silent();
    if (outcome.ok) this.ports.finished();
    if (outcome.ok && this.ports.world.isComplete()) {
      this.#failures = 0;
      if (this.#wanted) void this.#run();
      return;
    }
    // Refused, or still behind: at once the first time, later not in a circle.
    this.#failures += 1;
    const wait = outcome.ok && this.#failures === 1 ? 0 : backoff(WAIT, this.#failures);
    const asked = outcome.ok ? 0 : (outcome.failure.retryAfterMs ?? 0);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#run();
      },
      Math.max(wait, asked),
    );
  }

  /** One round over all channels. */
  async #pass(current: () => boolean): Promise<Outcome> {
    // Without any, as on a first visit, the answer describes all channels: they are `joined`.
    const cursors = [...this.ports.world.cursors()];
    for (let at = 0; at === 0 || at < cursors.length; at += LIMITS.syncChannels.max) {
      let chunk = new Map(cursors.slice(at, at + LIMITS.syncChannels.max));
      for (let first = true; first || chunk.size > 0; first = false) {
        const answer = await this.ports.sync({ channels: Object.fromEntries(chunk) });
        if (!current()) return done(undefined);
        if (!answer.ok) return answer;
        chunk = this.#apply(chunk, answer.data.data);
      }
    }
    return done(undefined);
  }

  /** Applies an answer; what is to be asked again. */
  #apply(asked: Map<string, number>, answer: Synced): Map<string, number> {
    const { world } = this.ports;
    const known = this.ports.epoch();
    this.ports.setEpoch(answer.epoch);
    if (known !== null && known !== answer.epoch) {
      world.dropCache();
      this.#wanted = true;
      return new Map();
    }
    const again = new Set(answer.again);
    for (const channelId of answer.left) world.dropChannel(channelId);
    for (const channel of answer.joined) world.putChannel(channel);
    for (const [channelId, one] of Object.entries(answer.channels)) {
      const from = world.has(channelId) ? asked.get(channelId) : undefined;
      // Its read mark first: what was read on another device is not new here.
      world.putChannel(one.channel);
      if (from !== undefined) {
        const messages = one.messages.map(fromWire);
        const { head, truncated } = one;
        world.reduce(channelId, { type: 'synced', from, messages, head, truncated, partial: again.has(channelId) });
      }
    }
    return this.#next(asked, again);
  }

  /** The cursors of what did not fit; nothing if the answer brought nothing, so as not to ask for ever. */
  #next(asked: Map<string, number>, again: Set<string>): Map<string, number> {
    const cursors = this.ports.world.cursors();
    // Of channels that were not asked for, only those that are not known here: the others have their own turn.
    const wanted = [...again].filter((channelId) => asked.has(channelId) || !cursors.has(channelId));
    const next = new Map(wanted.map((channelId) => [channelId, cursors.get(channelId) ?? BEYOND]));
    const moved = next.size !== asked.size || [...next].some(([channelId, rev]) => asked.get(channelId) !== rev);
    return moved ? next : new Map();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** What is the same for every member of a channel: the rest of a broadcast channel is about somebody else. */
export function sharedOf(channel: Channel | ChannelUpdate): Pick<Channel, 'name' | 'type' | 'topic' | 'userCount'> {
  const { name, type, topic, userCount } = channel;
  return { name, type, topic, userCount };
}
