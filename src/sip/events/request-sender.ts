import type { AgentConnection } from '../core/account-agent.ts';
import { buildRequest } from '../message/build.ts';
import type { HeaderLine } from '../message/field-text.ts';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';
import type { ClientUser } from '../transaction/client-transaction.ts';
import type { Target } from '../transport/target.ts';

/** A request that this server itself makes. */
export interface OwnRequest {
  readonly method: string;
  readonly requestUri: string;
  /** Without Via, Max-Forwards and Content-Length. */
  readonly headers: readonly HeaderLine[];
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
}

/** The way to whom a request is for: the flow while it is up, else where the URI says. */
export interface Way {
  readonly flow: Target | undefined;
  /** undefined: there is no other way than the flow. */
  readonly uri: SipUri | undefined;
}

/** The final response; undefined: none came, or there is no way. */
export type Done = (response: SipMessage | undefined) => void;

/** Sends requests of this server's own: NOTIFY, and messages that had waited. One target each: who is not there is told no more. */
export class RequestSender {
  readonly #services: AgentConnection;

  constructor(services: AgentConnection) {
    this.#services = services;
  }

  /** `done` is called once, perhaps within this call. */
  send(request: OwnRequest, { flow, uri }: Way, done: Done): void {
    const { transport, locator } = this.#services;
    if (flow !== undefined && (flow.connectionId === undefined || transport.hasFlow(flow.connectionId, flow.member))) {
      this.#start(request, flow, done);
      return;
    }
    if (uri === undefined) {
      done(undefined);
      return;
    }
    const targets = locator.locateNow(uri);
    if (targets !== undefined) {
      this.#start(request, targets[0], done);
      return;
    }
    locator.locate(uri).then(
      ([target]) => this.#start(request, target, done),
      () => done(undefined),
    );
  }

  #start(request: OwnRequest, target: Target | undefined, done: Done): void {
    const { layer, transport } = this.#services;
    const transaction = target === undefined ? undefined : layer.client(request.method, userOf(done));
    if (target === undefined || transaction === undefined) {
      done(undefined);
      return;
    }
    const via = transport.viaFor(target);
    const bytes = buildRequest({
      method: request.method,
      requestUri: request.requestUri,
      headers: [
        [HeaderId.Via, `SIP/2.0/${via.transport} ${via.sentBy};${transaction.viaParams};rport`],
        [HeaderId.MaxForwards, '70'],
        ...request.headers,
      ],
      body: request.body,
      ...(request.contentType !== undefined && { contentType: request.contentType }),
    });
    transaction.start(bytes, target);
  }
}

function userOf(done: Done): ClientUser {
  let isDone = false;
  const finish = (response: SipMessage | undefined): void => {
    if (isDone) return;
    isDone = true;
    done(response);
  };
  return {
    response: (_transaction, message) => {
      if (message.status >= 200) finish(message);
    },
    timedOut: () => finish(undefined),
    transportFailed: () => finish(undefined),
    woken: () => undefined,
    ended: () => finish(undefined),
  };
}
