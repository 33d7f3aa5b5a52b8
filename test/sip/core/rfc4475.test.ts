import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbedded } from '#backplane';
import { Lifecycle } from '#base';
import { createNodeClock, createNodeRandom } from '#io/node';
import { buildResponse, decodeMessage, defaultSipGuardLimits, SipMessage } from '#sip';
import { openSipAccounts, type SipAccounts } from '../../../src/sip/open-accounts.ts';
import { defaultRegistrarSettings } from '../../../src/sip/registrar/limits.ts';
import { rfc4475, rfc4475Messages } from '../message/vectors.ts';
import { openRealServer, UdpPeer, type RealServer } from './real-server.ts';
import { outcomes, registered, users, type Outcome } from './rfc4475-answers.ts';
import { accountRecord } from '../accounts/account-fixture.ts';
import { SipWorld } from './sip-world.ts';

const BUSY = 486;

/** The telephone's answer to whatever it gets. */
function busy(bytes: Buffer): Buffer | undefined {
  const request = decodeMessage(bytes);
  if (!(request instanceof SipMessage) || !request.isRequest || request.method === 'ACK') return undefined;
  return buildResponse(request, BUSY, { toTag: 'phone' });
}

/** A telephone of all users, which is busy. */
async function registerAll({ port, sip }: RealServer): Promise<UdpPeer> {
  const phone = await UdpPeer.open(port);
  phone.answer = busy;
  const { registrations, directory } = sip.accounts;
  for (const user of users) {
    const aor = directory.find(user, 'example.com')?.aor ?? '';
    await new Promise<void>((resolve) => {
      const contact = {
        uri: `sip:x@127.0.0.1:${phone.port}`,
        params: '',
        q: 1000,
        expiresS: 600,
        instance: '',
        regId: 0,
      };
      const rest = { path: [], flow: undefined, isBehindNat: false, userAgent: '', wantsOutbound: false };
      registrations.register(aor, { callId: user, cseq: 1, contacts: [contact], ...rest }, 5, () => resolve());
    });
  }
  return phone;
}

const domain = { name: 'example.com', aliases: ['chair-dnrc.example.com', 'registrar.example.com'], users };

test('the table has each message of RFC 4475', () => {
  expect(Object.keys(outcomes).sort()).toEqual(
    rfc4475Messages()
      .map(({ name }) => name)
      .sort(),
  );
});

describe('a server that gets the messages of RFC 4475', () => {
  // One for each transport: the second message of the same branch would be taken for the first one repeated.
  let server: RealServer;
  let tcpServer: RealServer;
  const phones: UdpPeer[] = [];

  beforeAll(async () => {
    const settings = { relay: 'authenticated', names: ['services.example.com'] } as const;
    server = await openRealServer(domain, settings);
    tcpServer = await openRealServer(domain, settings);
    for (const one of [server, tcpServer]) phones.push(await registerAll(one));
  });

  afterAll(async () => {
    for (const phone of phones) phone.close();
    await server.stop();
    await tcpServer.stop();
  });

  /** A request that is certainly answered, so that what is not answered before it never will be. */
  const marker = (via: string): string =>
    `OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/${via} 127.0.0.1:9;branch=z9hG4bKmarker;rport\r\n` +
    'From: <sip:marker@example.net>;tag=m\r\nTo: <sip:example.com>\r\nCall-ID: marker\r\nCSeq: 1 OPTIONS\r\n' +
    'Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n';

  /** What the sender was told first, other than 100. The telephone is busy, whoever calls. */
  function outcomeOf(texts: readonly string[]): Outcome {
    const others = texts.filter((text) => !text.includes('Call-ID: marker'));
    const status = others.map((text) => Number(/^SIP\/2\.0 (\d{3}) /.exec(text)?.[1])).find((code) => code > 100);
    return status === undefined ? 'dropped' : status === BUSY ? 'forwarded' : status;
  }

  /** After this nothing more comes for the message that was sent. */
  const isLast = (text: string, expected: Outcome): boolean =>
    expected === 'forwarded' ? text.startsWith(`SIP/2.0 ${BUSY}`) : text.includes('Call-ID: marker');

  test.each(Object.entries(outcomes))('by UDP: %s → %s', async (name, expected) => {
    const peer = await UdpPeer.open(server.port);
    try {
      // The answer shall come to this socket, not to port 5060 of this machine.
      const text = rfc4475(name).toString('latin1');
      const via = /^((?:via|v)\s*:\s*SIP\s*\/\s*\d\.0\s*\/\s*\S+[ \t\r\n]+[^;,\s]+)/im;
      peer.send(Buffer.from(text.replace(via, '$1;rport'), 'latin1'));
      peer.send(Buffer.from(marker('UDP')));
      const received: string[] = [];
      while (!isLast(received.at(-1) ?? '', expected)) received.push(await peer.next());
      expect(outcomeOf(received)).toBe(expected);
    } finally {
      peer.close();
    }
  });

  const byStream: Readonly<Record<string, Outcome>> = {
    // More is promised than ever comes: it is waited for.
    clerr: 'dropped',
  };

  test.each(Object.entries({ ...outcomes, ...byStream }))('by TCP: %s → %s', async (name, expected) => {
    const socket = connect(tcpServer.port, '127.0.0.1');
    await once(socket, 'connect');
    const received: string[] = [];
    const ended = new Promise<void>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        received.splice(0, received.length, ...text.split(/(?=SIP\/2\.0 \d{3} )/));
        if (received.some((one) => isLast(one, expected))) resolve();
      });
      socket.on('close', () => resolve());
      socket.on('error', () => resolve());
    });
    socket.write(rfc4475(name));
    if (name === 'clerr') socket.end();
    else socket.write(marker('TCP'));
    await ended;
    socket.destroy();
    expect(outcomeOf(received)).toBe(expected);
  });
});

describe('the registrar, once the sender of a message of RFC 4475 is known,', () => {
  let accounts: SipAccounts;
  const lifecycle = new Lifecycle();

  beforeAll(async () => {
    const clock = createNodeClock();
    const backplane = await openEmbedded({ path: ':memory:', clock });
    await lifecycle.start({ name: 'store', stop: () => backplane.close() });
    const settings = {
      nonceLifetimeS: 300,
      digestAlgorithms: ['MD5'] as const,
      guard: defaultSipGuardLimits,
      registrar: defaultRegistrarSettings,
    };
    accounts = await openSipAccounts({ backplane, clock, random: createNodeRandom(), member: '', settings }, lifecycle);
    await accounts.directory.createDomain(domain.name, domain.aliases);
    await accounts.directory.createAccounts(
      domain.name,
      ['user', 'j.user', 'watson'].map((user) => accountRecord(user)),
    );
  });

  afterAll(async () => {
    await lifecycle.stop();
  });

  test.each(Object.entries(registered))('answers %s with %s', async (name, status) => {
    const world = new SipWorld({ accounts });
    const sender = world.phone({ address: '192.0.2.7' });
    world.verdict = (request) => {
      const { directory } = accounts;
      const account =
        directory.find(request.to().uri?.user ?? '', 'example.com') ?? directory.find('user', 'example.com');
      if (account === undefined) throw new Error('the test has no account');
      return { kind: 'ok', account };
    };
    world.receive(rfc4475(name), sender.hop);
    await expect.poll(() => world.out.map(({ message }) => message.status)).toEqual([status]);
  });
});
