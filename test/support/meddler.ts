import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a meddler sees of a call: the route without its prefix, and the body as it came: `lite` of reads, `full` of orders. */
export interface MeddledCall {
  readonly route: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it comes.
  readonly body: any;
}

/** What becomes of a call: the truth, another answer, a change of the true one, a dropped connection, or no answer at all. */
export type Meddling =
  | null
  | 'drop'
  | 'drop-after'
  | 'hang'
  | { readonly status: number; readonly text: string }
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it comes.
  | { readonly change: (answer: any) => unknown };

/** Stands between an engine and an exchange, and lies: for answers the exchange itself cannot be brought to give. */
export class Meddler {
  url = '';
  /** Decides each call; the last one set counts. */
  meddle: (call: MeddledCall) => Meddling = () => null;
  readonly calls: MeddledCall[] = [];
  readonly #target: string;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(target: string) {
    this.#target = target;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Calls of that route so far. */
  count(route: string): number {
    return this.calls.filter((call) => call.route === route).length;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const call = {
      route: (request.url ?? '').replace(/^\/(lite|full)\/v[12]\//, ''),
      body: JSON.parse(text || 'null'),
    };
    this.calls.push(call);
    const meddling = this.meddle(call);
    if (meddling === 'drop') {
      response.destroy();
      return;
    }
    if (meddling === 'hang') return;
    if (meddling !== null && typeof meddling === 'object' && 'text' in meddling) {
      response.writeHead(meddling.status, { 'content-type': 'text/html' }).end(meddling.text);
      return;
    }
    const { host: _host, ...headers } = request.headers;
    const onward = forward(`${this.#target}${request.url}`, { method: request.method ?? 'POST', headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        if (meddling === 'drop-after') {
          response.destroy();
          return;
        }
        const body = Buffer.concat(parts).toString('utf8');
        const reported = meddling === null ? body : JSON.stringify(meddling.change(JSON.parse(body)));
        const { 'content-length': _length, ...kept } = answer.headers;
        response.writeHead(answer.statusCode ?? 500, kept).end(reported);
      });
    });
    onward.on('error', () => response.destroy());
    onward.end(text);
  }
}
