/**
 * How long an INVITE takes through a proxy, by one clock: caller and callee are two sockets of this one program, which is started
 * on a host of its own beside whatever load there is. The callee is busy (486). Prints a line of JSON: microseconds.
 *
 *     node latency-probe.ts OWN-ADDRESS CALLEE-PORT PROXY:PORT USER@DOMAIN CALLS-PER-SECOND CALLS
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { argv, hrtime } from 'node:process';
import { quantile } from '../medians.ts';

const [address = '', calleePort = '', proxy = '', user = '', rate = '', calls = ''] = argv.slice(2);
const [proxyHost = '', proxyPort = ''] = proxy.split(':');
const sentAt = new Map<string, bigint>();
const delaysUs: number[] = [];

const caller = createSocket('udp4');
const callee = createSocket('udp4');
callee.bind(Number(calleePort), address);
caller.bind(0, address);
await Promise.all([once(callee, 'listening'), once(caller, 'listening')]);
const { port } = caller.address();

const lineOf = (text: string, name: string): string => new RegExp(`^${name}: *(.*)\r$`, 'im').exec(text)?.[1] ?? '';
const toProxy = (text: string): void => caller.send(text, Number(proxyPort), proxyHost);

callee.on('message', (bytes, { address: host, port: from }) => {
  const now = hrtime.bigint();
  const text = bytes.toString('latin1');
  if (!text.startsWith('INVITE ')) return;
  const sent = sentAt.get(lineOf(text, 'Call-ID'));
  if (sent !== undefined) delaysUs.push(Number(now - sent) / 1000);
  sentAt.delete(lineOf(text, 'Call-ID'));
  const kept = text.split('\r\n').filter((line) => /^(?:Via|From|Call-ID|CSeq):/i.test(line));
  const to = `To: ${lineOf(text, 'To')};tag=busy`;
  callee.send(['SIP/2.0 486 Busy Here', ...kept, to, 'Content-Length: 0', '', ''].join('\r\n'), from, host);
});

caller.on('message', (bytes) => {
  const text = bytes.toString('latin1');
  if (!text.startsWith('SIP/2.0 486')) return;
  const [via = ''] = text.split('\r\n').filter((line) => /^Via:/i.test(line));
  const lines = [`ACK sip:${user} SIP/2.0`, via.replace(/;(?:received|rport)=[^;\r]*/g, ''), 'Max-Forwards: 70'];
  for (const name of ['From', 'To', 'Call-ID']) lines.push(`${name}: ${lineOf(text, name)}`);
  toProxy([...lines, 'CSeq: 1 ACK', 'Content-Length: 0', '', ''].join('\r\n'));
});

for (let call = 0; call < Number(calls); call++) {
  const id = `probe-${call}@${address}`;
  const invite = [
    `INVITE sip:${user} SIP/2.0`,
    `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bKprobe${call};rport`,
    'Max-Forwards: 70',
    `From: <sip:probe@${user.split('@')[1] ?? ''}>;tag=p${call}`,
    `To: <sip:${user}>`,
    `Call-ID: ${id}`,
    'CSeq: 1 INVITE',
    `Contact: <sip:probe@${address}:${port}>`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  sentAt.set(id, hrtime.bigint());
  toProxy(invite);
  await new Promise((resolve) => setTimeout(resolve, 1000 / Number(rate)));
}
await new Promise((resolve) => setTimeout(resolve, 1000));
const [p50, p99] = [quantile(delaysUs, 0.5), quantile(delaysUs, 0.99)];
console.log(JSON.stringify({ calls: delaysUs.length, p50, p99, max: Math.max(...delaysUs) }));
caller.close();
callee.close();
