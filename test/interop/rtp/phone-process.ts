/**
 * A telephone that only speaks: `phone-process.ts ADDRESS:PORT TO:PORT [SECONDS]` sends RTP every 20 ms for so long, listens a
 * moment longer, and prints as JSON what it sent and what came: how many, from where, and the class of the last one.
 */
import { createSocket } from 'node:dgram';
import { rtp } from '../../media/rtp/packets.ts';

const split = (text: string): { host: string; port: number } => {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
};
const [own, to] = [split(process.argv[2] ?? ''), split(process.argv[3] ?? '')];
const packets = Number(process.argv[4] ?? 2) * 50;
const source = own.port;
const socket = createSocket(own.host.includes(':') ? 'udp6' : 'udp4');
const heard = new Map<string, number>();
let newest = -1;
socket.on('message', (bytes, from) => {
  const key = `${from.address}:${from.port}`;
  heard.set(key, (heard.get(key) ?? 0) + 1);
  newest = bytes.readUInt32BE(8);
});
socket.on('error', () => undefined);
socket.bind(own.port, own.host, () => {
  let sequence = 0;
  const timer = setInterval(() => {
    if (sequence >= packets) {
      clearInterval(timer);
      setTimeout(() => {
        console.log(JSON.stringify({ sent: sequence, heard: Object.fromEntries(heard), newest }));
        process.exit();
      }, 400);
      return;
    }
    socket.send(rtp({ sequence, timestamp: sequence * 160, source }), to.port, to.host);
    sequence++;
  }, 20);
});
