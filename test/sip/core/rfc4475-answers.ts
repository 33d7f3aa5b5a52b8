/**
 * What the whole server does with each message of RFC 4475, as docs/protocols/sip-rfc4475.md says it to people: the code of
 * its answer, `forwarded` to the telephone of the account, or `dropped`. The server has the domain example.com with some
 * accounts and is services.example.com itself; it trusts the sender, but forwards to its accounts only.
 */
export type Outcome = number | 'forwarded' | 'dropped';

/** Accounts that the messages are for. All of them are at one telephone. */
export const users = ['user', 'vivekg', 'UserB', 'j.user', 'watson', "1_unusual.URI~(to-be!sure)&isn't+it$,;*"];

export const outcomes: Readonly<Record<string, Outcome>> = {
  wsinv: 'forwarded',
  intmeth: 404,
  esc01: 403,
  escnull: 401,
  esc02: 405,
  lwsdisp: 'forwarded',
  longreq: 'forwarded',
  dblreq: 401,
  semiuri: 404,
  transports: 'forwarded',
  mpart01: 403,
  unreason: 'dropped',
  noreason: 'dropped',
  badinv01: 400,
  clerr: 400,
  ncl: 400,
  scalar02: 400,
  scalarlg: 'dropped',
  quotbal: 400,
  ltgtruri: 400,
  lwsruri: 400,
  lwsstart: 400,
  trws: 400,
  escruri: 400,
  baddate: 'forwarded',
  regbadct: 401,
  badaspec: 400,
  baddn: 400,
  badvers: 505,
  mismatch01: 400,
  mismatch02: 400,
  bigcode: 'dropped',
  badbranch: 'forwarded',
  insuf: 400,
  unkscm: 416,
  novelsc: 416,
  unksm2: 400,
  bext01: 420,
  invut: 'forwarded',
  regaut01: 401,
  multi01: 400,
  mcl01: 400,
  bcast: 'dropped',
  zeromf: 483,
  cparam01: 401,
  cparam02: 401,
  regescrt: 401,
  sdp01: 'forwarded',
  inv2543: 'forwarded',
};

/** Requests of the registrar, once the sender has proven who it is. */
export const registered: Readonly<Record<string, number>> = {
  // No account can have a NUL in its name.
  escnull: 404,
  dblreq: 200,
  regbadct: 400,
  regaut01: 200,
  cparam01: 200,
  cparam02: 200,
  regescrt: 200,
};
