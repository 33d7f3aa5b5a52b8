import type { Account } from '../accounts/account.ts';
import { HeaderId } from '../message/header-id.ts';
import type { Answer } from './answer.ts';
import { secondsLeft, type Binding } from './binding.ts';
import type { Gruus } from './gruu.ts';
import type { RegistrarSettings } from './limits.ts';
import type { RegisterRequest } from './register-request.ts';

/** What of the request counts for its answer. */
export interface AnswerFacts {
  readonly account: Account;
  readonly wantsGruu: boolean;
  readonly wantsPath: boolean;
  readonly request: RegisterRequest;
  /** When it came, unix seconds: a store takes its time. */
  readonly nowS: number;
}

/** RFC 3261 §10.3 step 8: 200 with all bindings of the account, and how long each still lasts. */
export function okAnswer(
  bindings: readonly Binding[],
  facts: AnswerFacts,
  settings: RegistrarSettings,
  gruus: Pick<Gruus, 'publicGruu' | 'temporaryGruu' | 'nowS'>,
): Answer {
  const { request, account } = facts;
  const headers: [HeaderId, string][] = [];
  const nowS = gruus.nowS();
  for (const binding of bindings) {
    // What has just been made has what was granted, as on the plain way, however long it took to store it.
    const atS = isMadeBy(binding, request) ? facts.nowS : nowS;
    headers.push([HeaderId.Contact, contactOf(binding, atS, facts, gruus, account)]);
  }
  if (facts.wantsPath) headers.push([HeaderId.Path, request.path.join(', ')]);
  if (settings.serviceRoute.length > 0 && bindings.length > 0) {
    headers.push([HeaderId.ServiceRoute, settings.serviceRoute.join(', ')]);
  }
  if (request.wantsOutbound && bindings.some(({ regId }) => regId > 0)) {
    headers.push([HeaderId.Require, 'outbound']);
    if (settings.flowTimerS > 0) headers.push([HeaderId.FlowTimer, String(settings.flowTimerS)]);
  }
  return { status: 200, headers };
}

const isMadeBy = ({ callId, cseq }: Binding, request: RegisterRequest): boolean =>
  callId === request.callId && cseq === request.cseq;

function contactOf(
  binding: Binding,
  nowS: number,
  { wantsGruu }: AnswerFacts,
  gruus: Pick<Gruus, 'publicGruu' | 'temporaryGruu'>,
  account: Account,
): string {
  const { uri, q, instance, regId, params } = binding;
  let text = `<${uri}>;expires=${secondsLeft(binding, nowS)}`;
  if (q !== 1000) text += `;q=${(q / 1000).toFixed(3)}`;
  if (params !== '') text += params;
  if (instance === '') return text;
  text += `;+sip.instance="${instance}"`;
  if (regId > 0) text += `;reg-id=${regId}`;
  if (!wantsGruu) return text;
  return `${text};pub-gruu="${gruus.publicGruu(account, instance)}";temp-gruu="${gruus.temporaryGruu(account, binding)}"`;
}
