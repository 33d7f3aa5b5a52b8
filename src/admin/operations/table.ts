import { absentOperations } from './absent.ts';
import { addressTableOperations } from './address-table.ts';
import { balancerOperations } from './balancer.ts';
import { bridgeOperations } from './bridge.ts';
import { capsOperations } from './caps.ts';
import { certificateOperations } from './certificate.ts';
import { clusterOperations } from './cluster.ts';
import { clusterStepOperations } from './cluster-steps.ts';
import { configOperations } from './config.ts';
import { connectionOperations } from './connection.ts';
import { farmOperations } from './farm.ts';
import { hubOperations } from './hub.ts';
import { hubInstanceOperations } from './hub-instance.ts';
import { hubStatusOperations } from './hub-status.ts';
import { mediaOperations } from './media.ts';
import { hubfarmOperations } from './hubfarm.ts';
import { logFileOperations } from './log-file.ts';
import { licenceOperations } from './licence.ts';
import { listenerOperations } from './listener.ts';
import { notSupportedOperations } from './not-supported.ts';
import type { Operation } from './operation.ts';
import { serverOperations } from './server.ts';
import { serverStatusOperations } from './server-status.ts';
import { sessionOperations } from './session.ts';
import { sipAccountOperations } from './sip-account.ts';
import { sipDomainOperations } from './sip-domain.ts';
import { sipImportOperations } from './sip-import.ts';
import { sipRegistrationOperations } from './sip-registration.ts';
import { sipStatusOperations } from './sip-status.ts';
import { sipTraceOperations } from './sip-trace.ts';
import { userOperations } from './user.ts';

/** Everything that an administrator can ask of this server, by the name on the wire. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  [
    serverOperations,
    serverStatusOperations,
    capsOperations,
    listenerOperations,
    certificateOperations,
    connectionOperations,
    hubOperations,
    hubStatusOperations,
    hubInstanceOperations,
    userOperations,
    sessionOperations,
    addressTableOperations,
    bridgeOperations,
    logFileOperations,
    licenceOperations,
    sipDomainOperations,
    sipAccountOperations,
    sipImportOperations,
    sipRegistrationOperations,
    sipStatusOperations,
    sipTraceOperations,
    farmOperations,
    balancerOperations,
    clusterOperations,
    clusterStepOperations,
    configOperations,
    mediaOperations,
    hubfarmOperations,
    absentOperations,
    notSupportedOperations,
  ].flatMap((group) => group.map((operation) => [operation.name, operation])),
);
