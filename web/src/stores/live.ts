import { isEverybodys } from '../channel/rights';
import { Link, type LinkStatus } from '../net/link';
import { done } from '../net/outcome';
import { Outbox, type OutboxPorts, type Receipt } from '../outbox/outbox';
import type { OutboxRow } from '../outbox/row';
import { openStorage, type Storage } from '../outbox/storage';
import { joinTabs, type Note, type Tabs } from '../outbox/tabs';
import type { Profile, ServerEvent } from '../protocol';
import { Marks } from '../sync/marks';
import { Reading } from '../sync/reading';
import { Saving } from '../sync/saving';
import { Sync, type SyncPorts } from '../sync/sync';
import { OthersTyping, OwnTyping } from '../sync/typing';
import { isAttentive, watchWake } from '../sync/wake';
import type { World } from '../sync/world';
import { fromWire, type Stored } from '../timeline/stored';
import { useChannelsStore } from './channels';
import { useComingsStore } from './comings';
import { useConnectionStore } from './connection';
import { useDeviceStore } from './device';
import { useDraftsStore } from './drafts';
import { useEditingStore } from './editing';
import { reporting, restoreAll, savePeople, saveTimelines } from './keeping';
import { useMembersStore } from './members';
import { usePeopleStore } from './people';
import { setServices } from './services';
import { useStrandedStore } from './stranded';
import { useTimelinesStore } from './timelines';
import { makeWorld, type Stores } from './world';

export interface LivePorts {
  /** Whether a connection made now is that person's, and not of somebody who signed in in another tab. */
  isSelf(): boolean | Promise<boolean>;
  /** Asks the server the same. */
  confirm(): Promise<boolean>;
  /** Somebody goes by another name, perhaps oneself. */
  renamed(profile: Profile): void;
  /** Whether one owns the server. */
  owning(owns: boolean): void;
  /** Another tab signed this person out. */
  signedOut(): void;
}

/**
 * What stays in this browser when it ends, for the next time that the same person signs in. `what another tab left`: that
 * tab has cleared everything, and whoever it let in since may have begun to write.
 */
export type Keep = 'everything' | 'what was written' | 'what another tab left' | 'nothing';

/** Starts everything that runs while that person is signed in: shows what was left behind, then connects. */
export async function goLive(self: string, ports: LivePorts): Promise<Live> {
  const storage = reporting(await openStorage(self), useDeviceStore().setKeeps);
  const epoch = await storage.epoch().catch(() => null);
  const live = new Live(self, storage, epoch, ports);
  await live.start();
  return live;
}

/** Everything that runs while somebody is signed in, tied together. */
export class Live {
  readonly #stores: Stores = {
    channels: useChannelsStore(),
    comings: useComingsStore(),
    connection: useConnectionStore(),
    device: useDeviceStore(),
    drafts: useDraftsStore(),
    editing: useEditingStore(),
    members: useMembersStore(),
    people: usePeopleStore(),
    stranded: useStrandedStore(),
    timelines: useTimelinesStore(),
  };
  readonly #others = new OthersTyping(this.#stores.people.setTyping);
  readonly #world: World;
  readonly #link: Link;
  readonly #sync: Sync;
  readonly #marks: Marks;
  readonly #reading: Reading;
  readonly #typing: OwnTyping;
  readonly #tabs: Tabs;
  readonly #outbox: Outbox;
  readonly #saving: Saving;
  readonly #savingPeople: Saving;
  readonly #ends: (() => void)[] = [];
  /** This connection is known to be that person's. */
  #trusted = false;

  constructor(
    private readonly self: string,
    private readonly storage: Storage,
    private epoch: string | null,
    private readonly ports: LivePorts,
  ) {
    const { timelines } = this.#stores;
    const world = makeWorld(self, this.#stores, this.#others);
    const rename = (profile: Profile): void => {
      world.rename(profile);
      ports.renamed(profile);
    };
    const member: World['member'] = (channelId, userId, isIn) => {
      world.member(channelId, userId, isIn);
      this.#saving.changed(channelId);
    };
    const putChannel: World['putChannel'] = (channel) => {
      world.putChannel(channel);
      this.#described(channel.id);
    };
    const patchChannel: World['patchChannel'] = (channel) => {
      world.patchChannel(channel);
      this.#described(channel.id);
    };
    this.#world = { ...world, rename, member, putChannel, patchChannel };
    this.#link = new Link({
      event: (event) => this.#event(event),
      status: (status, nextAttemptAt) => this.#status(status, nextAttemptAt),
      isOver: async () => !(await ports.confirm()),
    });
    const connected = (): boolean => this.#trusted && this.#link.online;
    this.#sync = new Sync(this.#syncPorts(connected));
    this.#marks = new Marks({
      connected,
      ack: (channelId, seq) => this.#link.command('message:ack', { channelId, messageId: String(seq) }),
    });
    this.#reading = new Reading({
      attentive: isAttentive,
      unreadEnd: timelines.unreadEnd,
      read: timelines.raise,
    });
    this.#typing = new OwnTyping((channelId, isTyping) => this.#link.hint('message:typing', { channelId, isTyping }));
    this.#tabs = joinTabs(self, (note) => this.#note(note));
    this.#outbox = new Outbox(this.#outboxPorts(connected));
    this.#saving = new Saving((channelIds) => saveTimelines(storage, this.#stores, channelIds));
    this.#savingPeople = new Saving((userIds) => savePeople(storage, this.#stores, userIds));
  }

  async start(): Promise<void> {
    setServices({
      self: this.self,
      link: this.#link,
      outbox: this.#outbox,
      storage: this.storage,
      tabs: this.#tabs,
      sync: this.#sync,
      marks: this.#marks,
      reading: this.#reading,
      typing: this.#typing,
    });
    this.storage.onRenewed(() => this.#rewrite());
    await restoreAll(this.storage, this.#stores, this.self);
    await this.#outbox.load();
    this.#ends.push(
      this.#stores.timelines.watch((channelId) => {
        this.#saving.changed(channelId);
        this.#reading.look();
      }),
      this.#stores.people.watch((userId) => this.#savingPeople.changed(userId)),
      watchWake({
        woken: () => this.#woken(),
        // Where the server is on this machine it is there again at once; elsewhere the page says so in two seconds.
        networkLost: () => this.#link.bounce(),
        attention: () => this.#reading.look(),
        leaving: () => {
          this.#flush();
          this.#stores.drafts.flush();
        },
      }),
    );
    this.#link.start();
  }

  /** How many messages would be lost by forgetting everything. */
  unsent(): number {
    return this.#outbox.pendingCount();
  }

  /** Tells the other tabs that this person is signed out. */
  tellSignedOut(): void {
    this.#tabs.tell({ type: 'signed-out' });
  }

  async stop(keep: Keep): Promise<void> {
    if (keep === 'everything' || keep === 'what was written') this.#stores.drafts.flush();
    if (keep === 'everything') this.#flush();
    for (const end of this.#ends) end();
    for (const part of [this.#typing, this.#link, this.#sync, this.#outbox, this.#marks, this.#reading]) part.stop();
    for (const part of [this.#saving, this.#savingPeople]) part.stop();
    this.#others.clear();
    setServices(null);
    const forgotten =
      keep === 'nothing' ? this.storage.clear() : keep === 'everything' ? Promise.resolve() : this.storage.clearCache();
    // Where even this fails there was no storage to begin with.
    await forgotten.catch(() => undefined);
    this.storage.close();
    this.#tabs.close();
    for (const store of Object.values(this.#stores)) store.reset();
  }

  #flush(): void {
    this.#saving.flush();
    this.#savingPeople.flush();
  }

  /** What was kept is gone, but not what is here. */
  #rewrite(): void {
    this.#outbox.rewrite();
    this.#stores.drafts.rewrite();
    for (const channelId of this.#stores.timelines.all().keys()) this.#saving.changed(channelId);
    if (this.epoch !== null) this.storage.saveEpoch(this.epoch).catch(() => undefined);
  }

  #event(event: ServerEvent): void {
    if (this.#trusted) this.#sync.hear(event);
  }

  #status(status: LinkStatus, nextAttemptAt: number | null): void {
    this.#stores.connection.set(status, nextAttemptAt);
    this.#trusted = false;
    if (status === 'online') void this.#connected();
    else this.#sync.stop();
    if (status === 'offline') this.#others.clear();
  }

  async #connected(): Promise<void> {
    const trusted = this.ports.isSelf();
    // Waits only if it must: nearly always the answer is known.
    if (trusted === false || (trusted !== true && !(await trusted)) || !this.#link.online) return;
    this.#trusted = true;
    this.#sync.restart();
    this.#outbox.kick(true);
    this.#marks.flush();
    this.#stores.people.refresh();
    this.#stores.members.refresh();
  }

  /** The server described a channel. Whoever owns the one that everybody is in owns the server. */
  #described(channelId: string): void {
    const channel = this.#stores.channels.byId(channelId);
    if (channel !== null && isEverybodys(channel)) this.ports.owning(channel.role === 'owner');
  }

  #woken(): void {
    this.#link.retryNow();
    if (this.#trusted) this.#sync.request();
    this.#reading.look();
  }

  #note(note: Note): void {
    if (note.type === 'outbox') void this.#outbox.load();
    else if (note.type === 'sent') this.#sent(note.message);
    else if (note.type === 'draft') this.#stores.drafts.hear(note.channelId, note.draft);
    else this.ports.signedOut();
  }

  #sent(message: Stored): void {
    this.#world.reduce(message.channelId, { type: 'message', message });
    if (this.#world.isBehind(message.channelId)) this.#sync.request();
  }

  #syncPorts(connected: () => boolean): SyncPorts {
    return {
      world: { ...this.#world, dropCache: () => this.#dropCache() },
      connected,
      sync: (payload) => this.#link.command('message:sync', payload),
      epoch: () => this.epoch,
      setEpoch: (told) => this.#setEpoch(told),
      finished: () => {
        this.#stores.channels.setLoaded();
        this.#stores.timelines.resume();
      },
      silent: () => this.#link.bounce(),
    };
  }

  #outboxPorts(connected: () => boolean): OutboxPorts {
    const sent = (row: OutboxRow, receipt: Receipt): void => {
      const message = asStored(row, receipt, this.self);
      this.#sent(message);
      this.#tabs.tell({ type: 'sent', message });
    };
    return {
      storage: this.storage,
      connected,
      exclusively: this.#tabs.exclusively,
      changed: (rows) => {
        this.#stores.timelines.setUnsent(rows);
        this.#stores.stranded.setUnsent(rows);
      },
      saved: () => this.#tabs.tell({ type: 'outbox' }),
      send: async ({ channelId, content, clientId }) => {
        const outcome = await this.#link.command('message:send', { channelId, content, clientId });
        return outcome.ok ? done(outcome.data.data) : outcome;
      },
      amend: async (row, said, receipt) => {
        const at = { channelId: row.channelId, messageId: receipt.id };
        const outcome = await (row.withdrawn === true
          ? this.#link.command('message:delete', at)
          : this.#link.command('message:edit', { ...at, content: row.content }));
        if (!outcome.ok) return outcome;
        sent({ ...row, content: said }, receipt);
        this.#sent(fromWire(outcome.data.data));
        return done(undefined);
      },
      sent,
    };
  }

  #setEpoch(told: string): void {
    if (told === this.epoch) return;
    this.epoch = told;
    this.storage.saveEpoch(told).catch(() => undefined);
  }

  /** The server runs on another database than the one that is known: everything but what was written goes. */
  #dropCache(): void {
    this.#world.dropCache();
    const told = this.epoch;
    this.storage
      .clearCache()
      .then(() => (told === null ? undefined : this.storage.saveEpoch(told)))
      .catch(() => undefined);
  }
}

/** An own message as the server stored it. */
function asStored(row: OutboxRow, receipt: Receipt, self: string): Stored {
  return {
    channelId: row.channelId,
    seq: Number(receipt.id),
    rev: receipt.rev,
    from: self,
    content: row.content,
    createdAt: receipt.createdAt,
    editedAt: null,
    deletedAt: null,
    clientId: row.clientId,
  };
}
