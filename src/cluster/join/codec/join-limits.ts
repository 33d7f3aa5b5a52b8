/** Sizes of everything in the messages. Characters are UTF-16 units. */
export const joinLimits = {
  maxProtocol: 65_535,
  maxVersionCharacters: 64,
  /** SEC 1, uncompressed point of P-256. */
  shareBytes: 65,
  /** HMAC-SHA-256. */
  confirmationBytes: 32,
  maxNameCharacters: 63,
  maxHostCharacters: 255,
  /** IPv6 text at its longest. */
  maxAddressCharacters: 45,
  /** As many as a SoftEther redirect carries. */
  maxPublicPorts: 128,
  maxWeight: 1_000_000,
  /** PKCS#10 with a P-256 key has some 300 bytes. */
  maxRequestBytes: 4_096,
  maxCertificateBytes: 32_768,
  /** RSA-8192; ECDSA P-256 has 72. */
  maxSignatureBytes: 1_024,
  clusterIdCharacters: 16,
  maxLicences: 64,
  maxLicenceCharacters: 1_000,
  maxTextCharacters: 2_000,
  maxCodeCharacters: 64,
  maxPemCharacters: 65_536,
  maxEndpoints: 64,
  maxEndpointCharacters: 300,
  maxInitialClusterCharacters: 8_192,
  /** A message before the password has been proven; hello and proof have some 250 bytes. */
  maxEarlyMessageBytes: 2_048,
  /** Afterwards. */
  maxMessageBytes: 262_144,
} as const;
