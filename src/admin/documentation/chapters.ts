import { documentedOperations, unsupportedNames, type DocumentedField } from './model.ts';

/** A document that can be written as Markdown or as HTML. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'items'; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'fields'; readonly title: string; readonly fields: readonly DocumentedField[] };

export const documentTitle = 'JSON-RPC interface';

/** Texts in paragraphs and items may have `code` in backquotes, and nothing else. */
const introduction: readonly Block[] = [
  {
    kind: 'paragraph',
    text:
      'The server is administered by program with JSON-RPC 2.0 over HTTPS, on every port that it listens on. Methods, ' +
      'field names and errors are those of SoftEther VPN Server, so its client libraries work unchanged.',
  },
  {
    kind: 'code',
    text: `curl -k https://SERVER/api/ -H 'X-VPNADMIN-PASSWORD: …' \\
  -d '{"jsonrpc":"2.0","id":"1","method":"EnumHub","params":{}}'`,
  },
  { kind: 'heading', level: 2, text: 'Who asks' },
  {
    kind: 'paragraph',
    text:
      'Header `X-VPNADMIN-PASSWORD` with the password. `X-VPNADMIN-HUBNAME` empty or missing: the administrator of the ' +
      'server; else that of the named Virtual Hub. Or HTTP Basic: user `administrator` or none, or the name of the hub. ' +
      'Without, or with a wrong password, the answer is 401; after many failures, which count together with those of VPN ' +
      'log-ins, 429 for some minutes. Remembered Basic passwords do not count for requests that a page of another site ' +
      'makes: 403. On the local socket `admin.sock` every caller is the administrator of the server.',
  },
  { kind: 'heading', level: 2, text: 'Calls' },
  {
    kind: 'paragraph',
    text:
      'POST to `/api/` a JSON object with `jsonrpc`, `id`, `method` and `params` (an object). The answer has `result`, or ' +
      '`error` with `code` (the number of the SoftEther error) and `message`; HTTP says 200 for both. Or GET ' +
      '`/api/<Method>?Name_str=…`, answered as text. A body may have 32 MiB, that of a hub administrator 8 MiB.',
  },
  {
    kind: 'paragraph',
    text:
      'The last part of a field name is its type: `_u32` and `_u64` numbers, `_bool`, `_str` and `_utf` text, `_dt` time ' +
      'as RFC 3339 in UTC (never is `1970-01-01T09:00:00.000Z`), `_bin` base64, `_ip` an address. What you send is ' +
      'converted where it can be; names compare without case; unknown fields are ignored, missing ones count as 0, false ' +
      'or empty unless they are called optional.',
  },
];

const errors: readonly (readonly [number, string])[] = [
  [8, 'no such Virtual Hub'],
  [29, 'no such user, session, connection or entry'],
  [33, 'not supported by this server, or no such method'],
  [38, 'a parameter is missing or wrong'],
  [52, 'not for this administrator'],
  [53, 'no such listener'],
  [54, 'there is such a listener already'],
  [57, 'there is such a hub already'],
  [58, 'too many hubs'],
  [63, 'too many users'],
  [66, 'there is such a user already'],
  [82, 'a local bridge session cannot be disconnected'],
];

export function chapters(): readonly Block[] {
  const blocks: Block[] = [...introduction];
  blocks.push({ kind: 'heading', level: 2, text: 'Errors' });
  blocks.push({ kind: 'items', items: errors.map(([code, meaning]) => `\`${code}\` ${meaning}`) });
  for (const [noun, group] of documentedOperations()) {
    blocks.push({ kind: 'heading', level: 2, text: noun });
    for (const operation of group) {
      const notes = [
        `For: ${operation.who}.`,
        operation.isChange ? 'Goes into the audit log.' : '',
        operation.isOverRpc ? '' : 'JSON-RPC only.',
      ];
      blocks.push(
        { kind: 'heading', level: 3, text: operation.name },
        { kind: 'paragraph', text: operation.about },
        { kind: 'paragraph', text: notes.filter((note) => note !== '').join(' ') },
        { kind: 'fields', title: 'Input', fields: operation.input },
        { kind: 'fields', title: 'Output', fields: operation.output },
      );
    }
  }
  blocks.push(
    { kind: 'heading', level: 2, text: 'Not supported' },
    {
      kind: 'paragraph',
      text: `These methods answer 33: ${unsupportedNames()
        .map((name) => `\`${name}\``)
        .join(', ')}.`,
    },
  );
  return blocks;
}
