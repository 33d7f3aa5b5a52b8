/**
 * Sets calls up at an rtpengine of this host (its "ng" protocol: bencode over UDP): `rtpengine-calls.ts PORT CALLS A B`, with A
 * and B the addresses of the parties, which use ports 20000+2i. Prints JSON: the ports that a sends to, and those of b.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

type Value = string | readonly string[];

const string = (text: string): string => `${Buffer.byteLength(text)}:${text}`;
const encode = (fields: Readonly<Record<string, Value>>): string =>
  `d${Object.keys(fields)
    .sort()
    .map((key) => {
      const value = fields[key]!;
      return string(key) + (typeof value === 'string' ? string(value) : `l${value.map(string).join('')}e`);
    })
    .join('')}e`;

const [port = '', calls = '', a = '', b = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.connect(Number(port), '127.0.0.1');
await once(socket, 'connect');
let cookie = 0;

async function ask(fields: Readonly<Record<string, Value>>): Promise<string> {
  socket.send(`${++cookie} ${encode(fields)}`);
  const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
  const [, media] = /m=audio (\d+)/.exec(answer.toString()) ?? [];
  if (media === undefined) throw new Error(`rtpengine says: ${answer.toString()}`);
  return media;
}

const sdp = (address: string, at: number): string =>
  `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${at} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n`;
const ports: { a: string[]; b: string[] } = { a: [], b: [] };
for (let i = 0; i < Number(calls); i++) {
  const call = { 'call-id': `call${i}`, 'from-tag': `from${i}`, ICE: 'remove' };
  ports.b.push(await ask({ ...call, command: 'offer', sdp: sdp(a, 20_000 + 2 * i), replace: ['origin'] }));
  ports.a.push(await ask({ ...call, command: 'answer', 'to-tag': `to${i}`, sdp: sdp(b, 20_000 + 2 * i) }));
}
console.log(JSON.stringify(ports));
socket.close();
