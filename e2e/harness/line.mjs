// The line between a browser and its server: a TCP proxy that can be cut, made deaf in one direction, or made to refuse
// WebSockets, as networks are.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Line {
  #server;
  #pairs = new Set();
  #listener;
  #isUp = true;
  #answersPass = true;
  #socketsPass = true;
  #held = null;
  #webSockets;

  /** Lay a line to the server. With `webSockets: false` it refuses every upgrade, as some proxies do. */
  static async to(server, { webSockets = true } = {}) {
    const line = new Line();
    line.#server = server;
    line.#webSockets = webSockets;
    line.#listener = createServer((near) => line.#carry(near)).listen(0, '127.0.0.1');
    await once(line.#listener, 'listening');
    return line;
  }

  /** Where a browser finds the server through this line. */
  get url() {
    return `http://127.0.0.1:${this.#listener.address().port}`;
  }

  /** Cut every connection and refuse new ones. */
  cut() {
    this.#isUp = false;
    this.#drop();
  }

  /** What is sent arrives; no answer does, until `mend`. */
  loseAnswers() {
    this.#answersPass = false;
  }

  /** What is sent arrives; answers wait until `release`. */
  holdAnswers() {
    this.#held = [];
  }

  release() {
    const held = this.#held ?? [];
    this.#held = null;
    for (const [near, chunk] of held) if (near.writable) near.write(chunk);
  }

  /** Pages and the API still come, as they would through a broken proxy; no socket does. */
  refuseSockets() {
    this.#socketsPass = false;
    this.#drop();
  }

  /** As before. Connections that have lost something do not live on. */
  mend() {
    if (!this.#answersPass) this.#drop();
    this.#isUp = true;
    this.#answersPass = true;
    this.#socketsPass = true;
  }

  close() {
    this.cut();
    this.#listener.close();
  }

  #drop() {
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
  }

  #carry(near) {
    near.on('error', () => {});
    if (!this.#isUp) return void near.destroy();
    const far = connect(this.#server.port, '127.0.0.1');
    const pair = [near, far];
    this.#pairs.add(pair);
    const end = () => {
      near.destroy();
      far.destroy();
      this.#pairs.delete(pair);
    };
    for (const side of pair) side.on('error', end).on('close', end);
    near.on('data', (chunk) => {
      if (!this.#socketsPass && /^(GET|POST) \/socket\.io\//.test(chunk.toString('latin1'))) return void near.destroy();
      if (!this.#webSockets && /^upgrade: websocket\r$/im.test(chunk.toString('latin1'))) {
        near.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (this.#held) this.#held.push([near, chunk]);
      else if (this.#answersPass) near.write(chunk);
    });
  }
}
