import { expect, test } from 'vitest';
import { SeededRandom } from '#io/sim';
import { fields, RawPeer, statusOf } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';

const server = useRawServer();
const rounds = Number(process.env['MUTATIONS'] ?? 3_000);
/** Bytes that mean something somewhere. */
const telling = [
  '\r\n',
  '\r',
  '\n',
  ' ',
  ':',
  ';',
  ',',
  '<',
  '>',
  '"',
  '@',
  '=',
  '%00',
  '%',
  '[',
  ']',
  '\0',
  '\xff',
  '*',
  '-1',
  '4294967296',
  '99999999999999999999',
  ';lr',
  ';tag=',
  'sips:',
  'tel:+1',
  '127.0.0.1',
  'Route: ',
  'Via: SIP/2.0/UDP ',
  '\r\nContact: *',
  '\r\nRequire: x',
  '\r\nContent-Length: 5',
];

function mutated(text: string, random: SeededRandom): string {
  let changed = text;
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(changed.length);
    const length = random.below(12);
    const what = telling[random.below(telling.length)]!;
    switch (random.below(5)) {
      case 0:
        changed = changed.slice(0, at) + changed.slice(at + length);
        break;
      case 1:
        changed = changed.slice(0, at) + what + changed.slice(at);
        break;
      case 2:
        changed = changed.slice(0, at) + what + changed.slice(at + length);
        break;
      case 3:
        changed = changed.slice(0, at) + String.fromCharCode(random.below(256)) + changed.slice(at + 1);
        break;
      default: {
        const lines = changed.split('\r\n');
        const [from, to] = [random.below(lines.length), random.below(lines.length)];
        lines.splice(to, 0, lines[from]!);
        changed = lines.join('\r\n');
      }
    }
  }
  return changed;
}

test(`${rounds} requests and answers that are almost right leave the server as it was`, async () => {
  const random = new SeededRandom(20_261_122);
  const [phone, caller] = [await server.peer(), await server.peer()];
  const user = server.user();
  const uri = `sip:${user}@farm.test`;
  await phone.register(user);
  const me = { uri, from: `<${uri}>`, to: `<${uri}>` };
  const document = '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:x@farm.test"/>';
  const requests = (at: number): string[] => [
    caller.text('INVITE', {
      uri,
      branch: `z9hG4bKi${at}`,
      callId: `m${at}`,
      lines: ['Max-Breadth: 9', 'Supported: timer'],
      body: 'v=0\r\n',
    }),
    caller.text('CANCEL', { uri, branch: `z9hG4bKi${at}`, callId: `m${at}` }),
    caller.text('ACK', { uri, branch: `z9hG4bKi${at}`, callId: `m${at}`, toTag: 'x' }),
    caller.text('BYE', { uri, callId: `m${at}`, toTag: 'x', lines: [`Route: <sip:127.0.0.1:${server.port};lr>`] }),
    caller.text('REGISTER', {
      ...me,
      uri: 'sip:farm.test',
      lines: ['Expires: 60', 'Path: <sip:p.example.net;lr;ob>', 'Supported: path, outbound, gruu'],
    }),
    caller.text('SUBSCRIBE', { uri, lines: ['Event: presence;id=1', 'Expires: 600', 'Accept: application/pidf+xml'] }),
    caller.text('PUBLISH', {
      ...me,
      lines: ['Event: presence', 'Content-Type: application/pidf+xml', 'SIP-If-Match: a-1'],
      body: document,
    }),
    caller.text('MESSAGE', { uri, lines: ['Content-Type: text/plain', 'Expires: 100'], body: 'hello' }),
    caller.text('OPTIONS', { uri: 'sip:farm.test', lines: ['Require: path'] }),
    caller.text('INFO', { uri: 'sip:x@127.0.0.1;transport=tcp?a=b', lines: ['Proxy-Require: x'] }),
    caller.text('REFER', { uri, lines: ['Refer-To: <sip:a@b?Replaces=x>', 'Record-Route: <sip:1.2.3.4;lr>'] }),
  ];
  for (let at = 0; at < rounds; at++) {
    const kinds = requests(at);
    const text = kinds[random.below(kinds.length)]!;
    caller.send(random.below(4) === 0 ? text : mutated(text, random));
    // What gets through is answered as badly.
    const heard = phone.heard.shift();
    if (heard !== undefined && !heard.startsWith('ACK') && !heard.startsWith('SIP')) {
      const kept = heard
        .split('\r\n')
        .filter((line) => /^(?:v|f|i|via|from|call-id|cseq|record-route)\s*:/i.test(line));
      const status = [
        '100 Trying',
        '180 Ringing',
        '200 OK',
        '302 Moved',
        '401 No',
        '486 Busy',
        '503 Later',
        '603 Never',
      ][random.below(8)]!;
      const lines = [
        `SIP/2.0 ${status}`,
        ...kept,
        `To: ${fields(heard, 'To')[0] ?? ''};tag=t`,
        `Contact: <sip:${user}@farm.test>`,
        'Content-Length: 0',
        '',
        '',
      ];
      const answer = lines.join('\r\n');
      phone.send(random.below(3) === 0 ? answer : mutated(answer, random));
    }
    if (at % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (caller.heard.length > 1_000) caller.heard.length = 0;
  }
  const asker = await RawPeer.open(server.port);
  expect(statusOf(await asker.ask('OPTIONS', { uri: 'sip:farm.test' }))).toBe(200);
  const other = server.user();
  expect(statusOf(await asker.register(other))).toBe(200);
  const answer = caller.ask('MESSAGE', { uri: `sip:${other}@farm.test`, body: 'still here' });
  asker.answer(await asker.hears(/^MESSAGE/), '200 OK');
  expect(statusOf(await answer)).toBe(200);
  asker.close();
});
