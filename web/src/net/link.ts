import { io, type Socket } from 'socket.io-client';

import { EVENT_NAMES, type CommandName, type Commands, type ErrorBody, type ServerEvent } from '../protocol';
import { backoff } from './backoff';
import { readFailure } from './http';
import { done, failed, unreachable, type Outcome } from './outcome';

// Deadlines and waits are in milliseconds.
/** Every command is answered within about 5 s, whatever is down; after twice that the answer is lost. */
const ANSWER_DEADLINE = 10_000;
/** Transport, namespace and the server's own reading before it answers CONNECT. */
const CONNECT_DEADLINE = 15_000;
/** The transport alone: a handshake, and its retry, on a line that is slow. */
const TRANSPORT_DEADLINE = 10_000;
/** Normal again within 5 s after the cause is gone. */
const WAIT = { base: 500, cap: 4_000 };

export type LinkStatus = 'connecting' | 'online' | 'offline';

export interface LinkPorts {
  /** The server told something. */
  event(event: ServerEvent): void;
  /** `nextAttemptAt`: when the next attempt is made, in milliseconds since the epoch. */
  status(status: LinkStatus, nextAttemptAt: number | null): void;
  /** We were refused or sent away: is the session over? Then the link stays down. */
  isOver(): Promise<boolean>;
}

/**
 * The connection to the server. Each attempt is a socket of its own, so that nothing that was meant for one connection
 * is sent on another: a command is sent while connected or not at all, and answered or given up with its connection.
 */
export class Link {
  #socket: Socket | null = null;
  #online = false;
  #stopped = true;
  #failures = 0;
  #pause: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(private readonly ports: LinkPorts) {}

  get online(): boolean {
    return this.#online;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
    clearTimeout(this.#timer);
  }

  /** Tries at once instead of waiting. */
  retryNow(): void {
    if (!this.#stopped && this.#socket === null) this.#connect();
  }

  /** Gives a connection up that does not answer, and makes a new one. */
  bounce(): void {
    if (this.#stopped || this.#socket === null) return;
    this.#drop();
    this.#connect();
  }

  /** Sends a command and waits for its answer. Never throws; without an answer the failure is `NETWORK`. */
  command<C extends CommandName>(name: C, payload: Commands[C]['payload']): Promise<Outcome<Commands[C]['reply']>> {
    const socket = this.#socket;
    if (socket === null || !this.#online) return Promise.resolve(failed(unreachable('not connected')));
    return new Promise((resolve) => {
      const settle = (outcome: Outcome<Commands[C]['reply']>): void => {
        this.#waiting.delete(giveUp);
        resolve(outcome);
      };
      const giveUp = (): void => settle(failed(unreachable('connection lost')));
      this.#waiting.add(giveUp);
      socket
        .timeout(ANSWER_DEADLINE)
        .emitWithAck(name, payload)
        .then(
          (answer: unknown) => settle(readAnswer<C>(answer)),
          (error: unknown) => settle(failed(unreachable(String(error)))),
        );
    });
  }

  /** Sends a command whose loss does not matter and whose answer nobody waits for. */
  hint<C extends CommandName>(name: C, payload: Commands[C]['payload']): void {
    if (this.#online) this.#socket?.volatile.emit(name, payload);
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.ports.status('connecting', null);
    const socket = io({
      forceNew: true,
      reconnection: false,
      // Polling first works everywhere; once a WebSocket was had, the next connection begins with one.
      rememberUpgrade: true,
      timeout: TRANSPORT_DEADLINE,
      withCredentials: false,
    });
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(true), CONNECT_DEADLINE);
    socket.on('connect', () => {
      clearTimeout(this.#timer);
      this.#online = true;
      this.#failures = 0;
      this.#pause = null;
      this.ports.status('online', null);
    });
    socket.on('connect_error', () => this.#lost(true));
    socket.on('disconnect', (reason) => this.#lost(reason === 'io server disconnect'));
    socket.onAny((name: string, data: unknown) => this.#hear(name, data));
  }

  #hear(name: string, data: unknown): void {
    if (!isEventName(name)) return;
    const event = { name, data } as ServerEvent;
    if (event.name === 'server:draining') this.#pause = event.data.retryAfterMs;
    this.ports.event(event);
  }

  /** The connection, or the attempt at one, is over. */
  #lost(refused: boolean): void {
    this.#drop();
    if (this.#stopped) return;
    this.#failures += 1;
    const drawn = backoff(WAIT, this.#failures);
    // Everybody is told the same time to come back: spread out after it.
    const pause = this.#pause === null ? drawn : this.#pause + Math.round(Math.random() * WAIT.base);
    this.#pause = null;
    this.ports.status('offline', Date.now() + pause);
    this.#timer = setTimeout(() => this.#connect(), pause);
    if (refused) void this.#ask();
  }

  async #ask(): Promise<void> {
    if (await this.ports.isOver()) this.stop();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#online = false;
    if (socket !== null) {
      socket.off();
      socket.offAny();
      socket.disconnect();
    }
    for (const giveUp of this.#waiting) giveUp();
  }
}

function isEventName(name: string): name is ServerEvent['name'] {
  return (EVENT_NAMES as readonly string[]).includes(name);
}

function readAnswer<C extends CommandName>(answer: unknown): Outcome<Commands[C]['reply']> {
  if (typeof answer === 'object' && answer !== null && 'status' in answer) {
    if (answer.status === 'OK') return done(answer as unknown as Commands[C]['reply']);
    if (answer.status === 'ERROR') return failed(readFailure(answer as unknown as ErrorBody));
  }
  return failed(unreachable('an answer that this client does not know'));
}
