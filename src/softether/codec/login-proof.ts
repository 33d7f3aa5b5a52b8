import type { Pack } from './pack.ts';

/** How a client proves that it is the user. Lengths are those that came: whoever checks a proof checks them. */
export type LoginProof =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; /** SHA-0(hashed password ‖ random of the Hello), 20 bytes */ readonly secure: Buffer }
  | { readonly kind: 'plainPassword'; readonly password: string }
  | {
      readonly kind: 'certificate';
      /** DER or PEM */
      readonly certificate: Buffer;
      /** RSA PKCS#1 v1.5 with SHA-1 over the random of the Hello */
      readonly signature: Buffer;
    }
  | { readonly kind: 'ticket'; readonly ticket: Buffer }
  /** A way to log in that no client may use over the network, or that nobody knows. */
  | { readonly kind: 'unsupported'; readonly authType: number };

/** `authtype` on the wire. 4 (smart card) is sent as 3; 96 to 98 never come over the network. */
const AuthType = { anonymous: 0, password: 1, plainPassword: 2, certificate: 3, ticket: 99 } as const;

export function proofOf(pack: Pack): LoginProof {
  const authType = pack.int('authtype');
  switch (authType) {
    case AuthType.anonymous:
      return { kind: 'anonymous' };
    case AuthType.password:
      return { kind: 'password', secure: pack.data('secure_password') };
    case AuthType.plainPassword:
      return { kind: 'plainPassword', password: pack.str('plain_password') };
    case AuthType.certificate:
      return { kind: 'certificate', certificate: pack.data('cert'), signature: pack.data('sign') };
    case AuthType.ticket:
      return { kind: 'ticket', ticket: pack.data('ticket') };
    default:
      return { kind: 'unsupported', authType };
  }
}

export function setProof(pack: Pack, proof: LoginProof): Pack {
  switch (proof.kind) {
    case 'anonymous':
      return pack.setInt('authtype', AuthType.anonymous);
    case 'password':
      return pack.setInt('authtype', AuthType.password).setData('secure_password', proof.secure);
    case 'plainPassword':
      return pack.setInt('authtype', AuthType.plainPassword).setStr('plain_password', proof.password);
    case 'certificate':
      pack.setInt('authtype', AuthType.certificate);
      return pack.setData('cert', proof.certificate).setData('sign', proof.signature);
    case 'ticket':
      return pack.setInt('authtype', AuthType.ticket).setData('ticket', proof.ticket);
    case 'unsupported':
      return pack.setInt('authtype', proof.authType);
  }
}
