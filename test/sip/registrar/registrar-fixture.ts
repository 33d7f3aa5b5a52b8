import { silentLogger } from '#base';
import { SeededRandom } from '#io/sim';
import { decodeMessage, defaultRegistrarSettings, type RegistrarSettings, SipMessage } from '#sip';
import type { Account } from '../../../src/sip/accounts/account.ts';
import { LocalUsers } from '../../../src/sip/core/local-users.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { Incoming } from '../../../src/sip/proxy/incoming.ts';
import { Gruus } from '../../../src/sip/registrar/gruu.ts';
import { LocationService } from '../../../src/sip/registrar/location-service.ts';
import { Registrar } from '../../../src/sip/registrar/registrar.ts';
import { Registrations } from '../../../src/sip/registrar/registrations.ts';
import type { ServerTransaction } from '../../../src/sip/transaction/server-transaction.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';
import { openAccounts, requestOf, type AccountFixture, type RequestOptions } from '../accounts/account-fixture.ts';

export interface RegisterOptions extends Partial<RequestOptions> {
  readonly sender?: Account;
  readonly hop?: Partial<Hop>;
}

export interface RegistrarFixture extends AccountFixture {
  location: LocationService;
  readonly gruus: Gruus;
  registrations: Registrations;
  /** Sends a REGISTER with these lines; resolves with the answer. */
  register(lines: readonly string[], options?: RegisterOptions): Promise<SipMessage>;
  /** As after a restart: a new service over the same store. */
  reopen(): Promise<void>;
}

const hopOf = (changes: Partial<Hop>): Hop => ({
  transport: 'udp',
  local: { address: '192.0.2.100', port: 5060 },
  socketId: 1,
  remoteAddress: '192.0.2.1',
  remotePort: 5060,
  connectionId: 0,
  receivedMs: 0,
  ...changes,
});

export async function openRegistrar(changes: Partial<RegistrarSettings> = {}): Promise<RegistrarFixture> {
  const accounts = await openAccounts();
  const { clock, backplane, directory } = accounts;
  const settings = { ...defaultRegistrarSettings, ...changes };
  const gruus = new Gruus(Buffer.alloc(32, 3), Buffer.alloc(4, 4), clock);
  let boots = 0;
  const open = (): Promise<LocationService> =>
    LocationService.open({ backplane, clock, writer: `writer-of-boot-${++boots}` });
  const registrarOf = (owner: Registrations): Registrar =>
    new Registrar({
      users: new LocalUsers(directory),
      owner,
      gruus,
      random: new SeededRandom(1),
      logger: silentLogger,
      member: '',
      settings,
    });
  let location = await open();
  let registrations = new Registrations(location, settings);
  let registrar = registrarOf(registrations);
  let cseq = 100;
  return {
    ...accounts,
    gruus,
    get location() {
      return location;
    },
    get registrations() {
      return registrations;
    },
    register: (lines, { sender, hop = {}, ...options } = {}) =>
      new Promise((resolve) => {
        const request = requestOf('REGISTER', lines, { cseq: cseq++, ...options });
        const incoming = new Incoming(request, hopOf(hop), request.topVia()!);
        incoming.account = sender;
        const transaction = {
          respond: (bytes: Buffer) => {
            const answer = decodeMessage(bytes);
            if (!(answer instanceof SipMessage)) throw new Error(`a bad answer: ${answer.reason}`);
            resolve(answer);
          },
        };
        registrar.handle(transaction as unknown as ServerTransaction, incoming);
      }),
    reopen: async () => {
      location.close();
      location = await open();
      registrations = new Registrations(location, settings);
      registrar = registrarOf(registrations);
    },
    close: async () => {
      location.close();
      await accounts.close();
    },
  };
}

/** Contact lines of an answer. */
export const contactsOf = (answer: SipMessage): string[] => answer.values(HeaderId.Contact);

export const contact = (host: string, rest = ''): string => `Contact: <sip:alice@${host}>${rest}`;
