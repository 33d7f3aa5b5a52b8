import type { HttpClient, HttpResponse } from '#io';
import { CliError, ExitCode, localError, RefusedError } from './exit-code.ts';
import { Fields } from './fields.ts';
import { formatJson, isJsonObject, parseJson, type Json, type JsonObject } from './json-document.ts';

/** Calls of the SoftEther JSON-RPC interface (POST /api/). */
export interface Api {
  /** Errors: `RefusedError` (the server's error number), `CliError` (no connection, wrong password). */
  call(method: string, params?: JsonObject): Promise<Fields>;
}

export interface Login {
  /** Administrator of this hub only; undefined = of the server. */
  readonly hubName: string | undefined;
  readonly password: string;
}

const wrongPassword = (login: Login): CliError => {
  const who = login.hubName === undefined ? 'the server' : `hub ${login.hubName}`;
  const given = login.password === '' ? 'no password was given' : 'the password is wrong';
  const advice = 'give it with --password-file, HUBFARM_PASSWORD or at the prompt';
  return new CliError(
    'AUTHENTICATION',
    ExitCode.unauthenticated,
    `not logged in as administrator of ${who}: ${given} (${advice})`,
  );
};

export class ApiClient implements Api {
  readonly #http: HttpClient;
  readonly #login: Login | undefined;
  #nextId = 1;

  /** Without `login`, the connection itself says who we are (Unix socket). */
  constructor(http: HttpClient, login: Login | undefined) {
    this.#http = http;
    this.#login = login;
  }

  async call(method: string, params: JsonObject = {}): Promise<Fields> {
    const id = String(this.#nextId++);
    const body = formatJson({ jsonrpc: '2.0', id, method, params }, 0);
    const response = await this.#http.send({
      method: 'POST',
      path: '/api/',
      headers: { 'content-type': 'application/json', ...this.#loginHeaders() },
      body: Buffer.from(body, 'utf8'),
    });
    return readAnswer(response, this.#login);
  }

  close(): void {
    this.#http.close();
  }

  #loginHeaders(): Record<string, string> {
    const login = this.#login;
    if (login === undefined) return {};
    // Header values are Latin-1 on the wire; what is beyond goes as the UTF-8 bytes that the server reads.
    const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    const headers: Record<string, string> = { 'x-vpnadmin-password': latin1(login.password) };
    // SoftEther 9674 hangs up on an empty hub name, so the server's administrator sends none.
    if (login.hubName !== undefined) headers['x-vpnadmin-hubname'] = latin1(login.hubName);
    return headers;
  }
}

function readAnswer(response: HttpResponse, login: Login | undefined): Fields {
  if (response.status === 401) throw wrongPassword(login ?? { hubName: undefined, password: '' });
  const document = response.status === 200 ? tryParse(response.body.toString('utf8')) : undefined;
  if (!isJsonObject(document)) {
    throw localError(`the server has no JSON-RPC at /api/ (HTTP status ${response.status}): is it switched off there?`);
  }
  const { error, result } = document;
  if (isJsonObject(error)) throw refusal(error);
  if (!isJsonObject(result)) throw localError('the server answered neither a result nor an error');
  return new Fields(result);
}

function tryParse(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function refusal(error: JsonObject): RefusedError {
  const number = typeof error['code'] === 'number' ? error['code'] : 0;
  const message = typeof error['message'] === 'string' ? error['message'] : '';
  return new RefusedError(number, message.replace(/^Error code \d+:\s*/, ''));
}
