// A web server in front of Hearth, as small as one can be: files from a folder, and everything under /api/ passed
// through, WebSockets too. It stands for the nginx or Caddy that an operator would use.
//
// By hand: `node e2e/harness/front.mjs FOLDER [PORT [HEARTH]]`, with HEARTH_PUBLIC_URL of the server naming this one.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

export class Front {
  #listener;
  /** Where Hearth listens: `http://host:port`. May be told after the start, since Hearth wants to know our address. */
  target;

  static async start({ folder, port = 0, target } = {}) {
    const front = new Front();
    front.target = target;
    front.#listener = http.createServer((request, response) => {
      if (request.url.startsWith('/api/')) front.#pass(request, response);
      else serveFile(folder, request, response);
    });
    front.#listener.on('upgrade', (request, socket, head) => front.#passUpgrade(request, socket, head));
    front.#listener.listen(port, '127.0.0.1');
    await once(front.#listener, 'listening');
    return front;
  }

  get url() {
    return `http://127.0.0.1:${this.#listener.address().port}`;
  }

  async stop() {
    this.#listener.closeAllConnections();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #ask(request) {
    const forwarded = { ...request.headers, 'x-forwarded-for': request.socket.remoteAddress };
    return http.request(this.target + request.url, { method: request.method, headers: forwarded, agent: false });
  }

  #pass(request, response) {
    const asked = this.#ask(request);
    asked.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    asked.on('error', () => response.headersSent || response.writeHead(502).end());
    response.on('close', () => asked.destroy());
    request.pipe(asked);
  }

  #passUpgrade(request, socket, head) {
    const asked = this.#ask(request);
    const giveUp = () => {
      asked.destroy();
      socket.destroy();
    };
    asked.on('upgrade', (answer, upstream, upstreamHead) => {
      socket.write(headOf(answer));
      socket.write(upstreamHead);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
      upstream.on('error', giveUp);
      upstream.on('close', giveUp);
    });
    asked.on('response', (answer) => {
      socket.write(headOf(answer));
      answer.pipe(socket);
    });
    asked.on('error', giveUp);
    socket.on('error', giveUp);
    socket.on('close', giveUp);
    asked.end();
  }
}

function headOf({ statusCode, statusMessage, rawHeaders }) {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The file that a path names; the index where it names none, since the page has routes of its own. */
async function serveFile(folder, request, response) {
  if (!folder) return response.writeHead(404).end();
  const path = normalize(decodeURIComponent(new URL(request.url, 'http://front').pathname));
  for (const name of [path, '/index.html']) {
    const content = await readFile(join(folder, name)).catch(() => null);
    if (!content) continue;
    response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' });
    return response.end(content);
  }
  return response.writeHead(404).end();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, port = '8080', target = 'http://127.0.0.1:3000'] = process.argv.slice(2);
  const front = await Front.start({ folder: resolve(folder), port: Number(port), target });
  console.log(`${front.url} → ${target}`);
}
