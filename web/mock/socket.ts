import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** One WebSocket, server side, for binary messages below 64 kB from the page: enough for a mock. */
export class Socket {
  onmessage: (bytes: Uint8Array) => void = () => undefined;
  onclose: () => void = () => undefined;
  #rest = Buffer.alloc(0);

  constructor(
    request: IncomingMessage,
    private readonly stream: Duplex,
  ) {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    stream.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.on('close', () => this.onclose());
    stream.on('error', () => stream.destroy());
  }

  send(bytes: Uint8Array): void {
    const length = bytes.length;
    const head = length < 126 ? Buffer.from([0x82, length]) : length < 65536 ? Buffer.from([0x82, 126, length >> 8, length & 255]) : long(length);
    if (!this.stream.destroyed) this.stream.write(Buffer.concat([head, bytes]));
  }

  close(): void {
    this.stream.destroy();
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 2) {
      const said = this.#rest[1]! & 127;
      const head = said === 126 ? 4 : 2;
      if (this.#rest.length < head) return;
      const length = said === 126 ? this.#rest.readUInt16BE(2) : said;
      if (this.#rest.length < head + 4 + length) return;
      this.#frame(this.#rest[0]! & 15, this.#rest.subarray(head, head + 4), this.#rest.subarray(head + 4, head + 4 + length));
      this.#rest = this.#rest.subarray(head + 4 + length);
    }
  }

  #frame(opcode: number, mask: Buffer, body: Buffer): void {
    if (opcode === 8) return this.close();
    if (opcode === 2) this.onmessage(Uint8Array.from(body, (b, i) => b ^ mask[i % 4]!));
  }
}

function long(length: number): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
